"""Learned face detection: a network that sees a small square, and where it is made to look."""
