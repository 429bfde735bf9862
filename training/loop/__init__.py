"""The training loop: batches, optimizer, checkpoints, and when it ends."""
