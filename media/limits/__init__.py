"""Room on the disk, size of uploads, and how many may work at a time."""
