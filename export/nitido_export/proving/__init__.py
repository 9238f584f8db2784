"""Proofs that builds run on accelerators as a whole, and compute what torch does: a bundle's matrix."""
