"""Labelled faces: read, put together, changed at random."""
