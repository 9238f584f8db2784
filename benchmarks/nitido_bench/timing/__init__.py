"""Measuring time so that two people, or two versions, come to the same conclusion."""
