"""The network: its bundle on disk, the runtimes that run it, and the batch it takes."""
