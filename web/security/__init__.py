"""Checks that a request must pass before it is answered."""
