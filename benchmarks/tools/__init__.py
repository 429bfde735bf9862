"""What the benchmarks share: a cheap crowd of viewers, the servers to compare, and the processes' figures."""
