"""Labelled faces: reading, combining and augmenting them."""
