"""Videos that were handed in, and workers who read them."""

import time
from unittest.mock import patch

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
    """Have a worker report its progress at every frame, act after the first, and let it go on to the end."""
    report, reports = worker._report_progress, []

    def report_and_act(*given):
        reports.append(report(*given))
        if len(reports) == 1:
            assert any(name.startswith("attempt-") for name in files(worker.jobs, job))
            act()
        return reports[-1]

    with (
        patch("media.queue.analysis.REPORT_EVERY", 0.0),
        patch.object(worker, "_report_progress", report_and_act),
    ):
        work_off(worker)
    assert reports, "no progress was reported"
