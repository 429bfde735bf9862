"""Uploaded videos that wait for a worker: the queue, the job records and the worker."""
