"""Compiling a trained network to the files for serving."""
