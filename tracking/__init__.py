"""Tracking of faces: searching for new ones, following known ones, losing and recovering them, smoothing."""
