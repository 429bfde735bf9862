"""Configuration: settings and their sources, logging, redaction, and the Redis client."""
