"""Pictures from others, decoded in processes that can do nothing else."""
