"""Videos that were handed in, and workers who read them."""

import threading
import time

from media.queue.jobs import UPLOAD


def hand_in(jobs, clip, job_id="a" * 16):
    jobs.files(job_id).mkdir(parents=True)
    (jobs.files(job_id) / UPLOAD).write_bytes(clip.read_bytes())
    return jobs.add(job_id, clip.name)


def await_status(jobs, job, *statuses, limit=60):
    until = time.monotonic() + limit
    while (found := jobs.get(job.id)).status not in statuses:
        assert time.monotonic() < until, f"the job is {found.status} after {limit} s"
        time.sleep(0.05)
    return found


def work_off(worker):
    while not worker.stop.is_set() and worker.jobs.process_next(worker._process):
        pass


def files(jobs, job):
    folder = jobs.files(job.id)
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def while_working(worker, job, act):
    """Have a worker begin a job in a thread, act as soon as it tells its progress, and wait for it."""
    thread = threading.Thread(target=work_off, args=(worker,))
    thread.start()
    until = time.monotonic() + 60
    while not worker.jobs.get(job.id).progress:
        assert time.monotonic() < until, "no progress was told"
        time.sleep(0.02)
    assert any(name.startswith("attempt-") for name in files(worker.jobs, job))
    act()
    thread.join(30)
    assert not thread.is_alive()
