"""The training loop: batches, optimizer, checkpoints, and early stopping."""
