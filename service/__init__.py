"""A server process as a whole: what it serves, its start check, its reload, and the metrics its workers share."""
