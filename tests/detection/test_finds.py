import numpy as np
import pytest

from detection.finds import Finds, joined


def finds(*faces) -> Finds:
    """Finds of (score, x, y, side), the landmarks all in the middle."""
    scores, x, y, sides = (np.array(column, np.float32) for column in zip(*faces, strict=True))
    centres = np.stack([x, y], axis=1)
    return Finds(scores, centres, sides, np.repeat(centres[:, None], 6, axis=1))


def test_finds_of_one_face_become_their_mean_weighted_by_score():
    merged = finds((0.9, 100, 100, 40), (0.3, 104, 100, 44), (0.5, 300, 100, 40)).merged()
    assert merged.scores == pytest.approx([0.9, 0.5])
    assert merged.centres.tolist() == [pytest.approx([101, 100]), pytest.approx([300, 100])]
    assert merged.sides == pytest.approx([41, 40])
    assert merged.landmarks[0] == pytest.approx(np.full((6, 2), (101, 100)))


@pytest.mark.parametrize(("apart", "faces"), [(0, 1), (20, 1), (22, 2), (60, 2)])
def test_faces_side_by_side_are_two_as_soon_as_they_share_less_than_a_third(apart, faces):
    assert len(finds((0.9, 100, 100, 40), (0.8, 100 + apart, 100, 40)).merged()) == faces


@pytest.mark.parametrize(("x", "faces"), [(100, 1), (118, 1), (125, 2)])
def test_a_small_find_within_a_face_is_part_of_it_and_does_not_move_it(x, faces):
    merged = finds((0.9, 100, 100, 40), (0.8, x, 100, 12)).merged()
    assert len(merged) == faces
    assert merged.centres[0].tolist() == [100, 100]
    assert merged.sides[0] == 40


def test_many_finds_of_many_faces_are_merged_each_with_its_own():
    rng = np.random.default_rng(0)
    faces = [(0.5 + 0.4 * rng.random(), 60 * n + rng.normal(0, 1), 50, 40) for n in range(9) for _ in range(12)]
    merged = finds(*faces).merged()
    assert sorted(round(float(x) / 60) for x in merged.centres[:, 0]) == list(range(9))
    assert list(merged.scores) == sorted(merged.scores, reverse=True)


def test_no_finds_are_none():
    assert len(joined([]).merged()) == 0
    assert len(joined([joined([]), finds((0.9, 1, 2, 3))])) == 1
