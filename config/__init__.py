"""Settings and what the whole program says: where values come from, the log, what is redacted, Redis."""
