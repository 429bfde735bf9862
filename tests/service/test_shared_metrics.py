"""What workers post for each other outlives them, and is read whole or not at all."""

import subprocess
import sys

import pytest

from service.shared_metrics import SLOT_BYTES, SLOTS, SharedMetrics


@pytest.fixture
def shared_metrics():
    made = SharedMetrics()
    yield made
    made._locks.close()
    made._memory.close()


def holder(shared_metrics: SharedMetrics, place: int) -> "subprocess.Popen[bytes]":
    """A process that has a place until it ends."""
    number = shared_metrics._locks.fileno()
    script = f"import time, fcntl; fcntl.lockf({number}, fcntl.LOCK_EX, 1, {place}); print(flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, pass_fds=(number,))
    process.stdout.readline()
    return process


def test_nothing_is_read_before_anybody_has_posted(shared_metrics):
    assert list(shared_metrics.read(None)) == []
    assert shared_metrics.read_slot(3) is None


def test_the_last_posting_of_each_place_is_read(shared_metrics):
    for data in (b"one", b"", b"three" * 1000):
        shared_metrics.write(2, data)
        shared_metrics.write(SLOTS - 1, data[::-1])
        assert [(posting.slot, posting.data) for posting in shared_metrics.read(2)] == [
            (2, data),
            (SLOTS - 1, data[::-1]),
        ]


def test_a_place_is_its_process_own_until_that_is_killed_and_keeps_what_was_posted(shared_metrics):
    with holder(shared_metrics, 0) as process:
        shared_metrics.write(0, b"of another")
        assert shared_metrics.claim_slot() == 1
        shared_metrics.write(1, b"mine")
        assert [posting.alive for posting in shared_metrics.read(1)] == [True, True]
        process.kill()
        process.wait(30)
        assert [(posting.alive, posting.data) for posting in shared_metrics.read(1)] == [
            (False, b"of another"),
            (True, b"mine"),
        ]
    tried = f"import fcntl; fcntl.lockf({shared_metrics._locks.fileno()}, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 1)"
    done = subprocess.run(
        [sys.executable, "-c", tried], capture_output=True, pass_fds=(shared_metrics._locks.fileno(),)
    )
    assert b"BlockingIOError" in done.stderr, "my place was given away when I looked who has one"


def test_what_was_broken_off_in_the_middle_is_not_read(shared_metrics):
    shared_metrics.write(0, b"whole")
    shared_metrics.write(0, b"newer")
    half = shared_metrics._memory[0]
    start = shared_metrics._memory.find(b"whole")
    shared_metrics._memory[start : start + 5] = b"wh???"  # where the next one would be written
    assert shared_metrics._memory[0] == half
    assert shared_metrics.read_slot(0) == b"newer"
    shared_metrics._memory[0] = 3 - half
    with pytest.raises(OSError, match="slot 0 of the shared metrics holds no complete entry"):
        shared_metrics.read_slot(0)


def test_what_is_too_large_is_refused_and_the_last_one_stands(shared_metrics):
    shared_metrics.write(0, b"x")
    with pytest.raises(ValueError, match=rf"got {SLOT_BYTES} bytes of metrics, expected at most {SLOT_BYTES - 8}"):
        shared_metrics.write(0, bytes(SLOT_BYTES))
    assert shared_metrics.read_slot(0) == b"x"
    shared_metrics.write(0, bytes(SLOT_BYTES - 8))
    assert shared_metrics.read_slot(0) == bytes(SLOT_BYTES - 8)


def test_all_places_can_be_taken_and_no_more(shared_metrics):
    script = f"""
import fcntl
for place in range({SLOTS}):
    fcntl.lockf({shared_metrics._locks.fileno()}, fcntl.LOCK_EX, 1, place)
print(flush=True)
input()
"""
    number = shared_metrics._locks.fileno()
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=(number,)) as process:
        process.stdout.readline()
        assert shared_metrics.claim_slot() is None
        process.communicate(b"\n", timeout=30)
    assert shared_metrics.claim_slot() == 0
