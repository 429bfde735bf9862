"""A process as a whole: what it serves, its start check, its reload, and what its workers share."""
