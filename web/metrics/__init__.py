"""Metrics for Prometheus, and health."""
