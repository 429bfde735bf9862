"""A short soak in every run; `make soak` is the long one."""

from dataclasses import replace

import pytest

from benchmarks.tools.processes import Usage
from benchmarks.tools.rivals import project
from scripts.soak import Result, soak

SMALL = {"EXPRESSION_SOURCE": "demo", "EXPRESSION_WIDTH": "320", "EXPRESSION_HEIGHT": "180", "EXPRESSION_FPS": "15"}
USAGE = Usage(cpu=1.0, memory=150.0, threads=60, files=60)
GOOD = Result(USAGE, USAGE, replace(USAGE, files=15), frames=1000, came=60, each=4, lost=0, slowest=14.0, rarest=4.0)


def test_viewers_and_listeners_who_come_and_go_lose_nothing():
    with project(SMALL) as server:
        soaked = soak(server, viewers=10, listeners=10, seconds=2, warm=1)
    assert soaked.lost == 0
    assert soaked.came == 26
    assert soaked.after.files < soaked.first.files


@pytest.mark.long
def test_many_viewers_and_listeners_who_come_and_go_leave_nothing_behind():
    with project(SMALL) as server:
        soaked = soak(server, viewers=40, listeners=40, seconds=10, warm=5)
    assert soaked.faults() == []
    assert soaked.came == 200
    assert soaked.frames > 1000


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"lost": 1}, "1 streams ended by themselves"),
        ({"last": replace(USAGE, threads=70)}, "there are 10 threads more"),
        ({"last": replace(USAGE, files=70)}, "10 files more are open"),
        ({"last": replace(USAGE, memory=170.0)}, "memory grew by 20.0 MB"),
        ({"after": USAGE}, "60 files are open with nobody there"),
        ({"slowest": 0.4}, "a viewer got only 0.4 frames a second"),
        ({"rarest": 0.4}, "a listener got only 0.4 events a second"),
    ],
)
def test_what_is_lost_or_grows_is_told(change, fault):
    assert GOOD.faults() == []
    assert replace(GOOD, **change).faults() == [fault]
