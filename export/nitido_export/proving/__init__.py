"""Proofs that a build runs on an accelerator as a whole and computes what torch does: the matrix of a bundle."""
