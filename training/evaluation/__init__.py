"""How well a network reads faces: measures, plots, and reports."""
