"""Videos that wait for a worker: the queue, the records of jobs, and the worker."""
