"""Jobs as the tests of the queue put them in and take them out."""

from media.queue.jobs import UPLOAD


def add(jobs, job_id="a", name="clip.mp4"):
    """A job with a file that was handed in."""
    jobs.files(job_id).mkdir(parents=True)
    (jobs.files(job_id) / UPLOAD).write_bytes(b"x")
    return jobs.add(job_id, name)


def queued(jobs):
    """The ids of all jobs that wait, which are taken out."""
    found = []
    while jobs.process_next(found.append):
        pass
    return found
