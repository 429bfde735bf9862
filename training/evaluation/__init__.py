"""Measures, plots and reports of how well a network reads faces."""
