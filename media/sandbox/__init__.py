"""Untrusted pictures, decoded in processes that may do nothing else."""
