"""Figures for Prometheus, and health."""
