"""Limits: free disk space, upload size, and how many requests work at a time."""
