"""Which face is which over time: finding, following, losing, and what each looks like."""
