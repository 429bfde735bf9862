from itertools import combinations

import numpy as np
import pytest

from drawing.emoji import FEATURES, SIZES, emoji
from drawing.palette import COLOURS, INK
from faces import EXPRESSIONS

GREY = (150, 150, 150)


def test_every_expression_has_a_face_that_differs_from_all_others_in_more_than_colour():
    assert set(FEATURES) == set(EXPRESSIONS)
    drawn = [emoji(expression, GREY, 100)[0].astype(int) for expression in (*EXPRESSIONS, "")]
    for one, other in combinations(drawn, 2):
        assert (np.abs(one - other).max(axis=2) > 40).mean() > 0.01


def test_an_expression_of_another_network_looks_neutral():
    assert (emoji("bored", GREY, 64)[0] == emoji("neutral", GREY, 64)[0]).all()


@pytest.mark.parametrize("side", [1, 7, 48, 100, SIZES[1], 700])
def test_it_has_the_size_that_is_wanted_and_covers_a_disc(side):
    image, cover = emoji("happy", COLOURS["happy"], side)
    assert (image.shape, cover.shape) == ((side, side, 3), (side, side))
    if side >= 48:
        assert cover[side // 2, side // 2] == 255
        assert cover[0, 0] == 0
        assert (cover > 127).mean() == pytest.approx(np.pi / 4, abs=0.02)
        assert (np.abs(image.astype(int) - COLOURS["happy"]).max(axis=2) < 12).mean() > 0.4


def test_its_edges_are_smooth():
    image, cover = emoji("neutral", GREY, 96)
    assert len(np.unique(cover)) > 20
    between = (image[:, :, 0] > INK[0] + 20) & (image[:, :, 0] < 0.8 * GREY[0] - 20)
    assert between.any()
