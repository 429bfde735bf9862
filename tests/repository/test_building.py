"""Some seconds of a building; `make soak-building` takes ten minutes."""

import copy

import pytest

from benchmarks.tools.rivals import project
from scripts.building import clip, faults, soak
from tests.repository.test_soak import SMALL

ROW = {"at": 100, "memory": 150.0, "family": 400.0, "threads": 90, "files": 120, "cpu": 0.8}
GOOD = {
    "lost": 0,
    "visitors": {"failures": 0},
    "uploads": {"picture 200": 600, "video 202": 20},
    "videos": {"done": 20},
    "readings": [ROW] * 6,
}


@pytest.mark.long
def test_everything_at_once_loses_nothing(tmp_path):
    with project({**SMALL, "EXPRESSION_STORAGE": str(tmp_path)}) as server:
        summary = soak(server, clip(tmp_path), seconds=6)
    assert summary["lost"] == summary["visitors"]["failures"] == 0
    assert summary["videos"] == {"done": 1}
    assert set(summary["uploads"]) == {"picture 200", "video 202"}
    assert summary["visitors"]["fewest_answers_a_second"] > 0
    assert summary["mean_frames_a_second"] > 0


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (["lost"], 2, "2 streams ended by themselves"),
        (["visitors", "failures"], 1, "1 frames of visitors were not answered"),
        (["uploads", "picture 500"], 1, "uploads were not answered as they should be: {'picture 500': 1}"),
        (["videos", "failed"], 1, "videos did not end well: {'failed': 1}"),
        (["readings", 5], {**ROW, "threads": 110}, "there are 20 threads more"),
        (["readings", 4], {**ROW, "memory": 190.0}, "the server's memory grew by 20.0 MB"),
    ],
)
def test_what_is_wrong_is_told(path, value, fault):
    summary = copy.deepcopy(GOOD)
    assert faults(summary, []) == []
    place = summary
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert faults(summary, []) == [fault]


def test_files_that_are_left_are_told():
    assert faults(copy.deepcopy(GOOD), ["storage/videos/x.mp4"]) == ["files were left: storage/videos/x.mp4"]
