"""Tools of the benchmarks: a cheap crowd of viewers, the servers to compare, and the figures of processes."""
