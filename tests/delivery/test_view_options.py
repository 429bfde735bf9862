from dataclasses import replace

import pytest

from config.settings import SETTINGS, Settings
from delivery.view_options import PRIVACIES, SMOOTHING_STEPS, ViewOptions, nearest_smoothing, nearest_threshold


def test_who_wishes_for_nothing_gets_what_the_settings_say():
    assert ViewOptions.from_settings(Settings()) == ViewOptions()
    chosen = replace(Settings(), draw="bars", privacy="blur", threshold=0.51, smoothing=1.23, width=640)
    assert ViewOptions.from_settings(chosen) == ViewOptions(0, True, "blur", 0.51, 1.23)


def test_the_setting_knows_every_kind_of_privacy():
    assert SETTINGS["privacy"].metadata["choices"] == PRIVACIES


@pytest.mark.parametrize("least", PRIVACIES)
@pytest.mark.parametrize("wished", PRIVACIES)
def test_nobody_gets_less_privacy_than_the_server_gives_all(wished, least):
    got = ViewOptions(width=320, privacy=wished).with_privacy(least)
    assert PRIVACIES.index(got.privacy) == max(PRIVACIES.index(wished), PRIVACIES.index(least))
    assert replace(got, privacy=wished) == ViewOptions(width=320, privacy=wished)


def test_looks_that_differ_in_their_width_share_a_drawing_and_no_others_do():
    assert (
        ViewOptions(width=320, bars=True).full_size
        == ViewOptions(width=640, bars=True).full_size
        == ViewOptions(bars=True)
    )
    assert ViewOptions(threshold=0.5).full_size != ViewOptions().full_size


@pytest.mark.parametrize(("value", "taken"), [(0, 0), (0.33, 0.35), (0.374, 0.35), (0.38, 0.4), (1, 1)])
def test_a_threshold_is_rounded_to_its_steps(value, taken):
    assert nearest_threshold(value) == taken


@pytest.mark.parametrize(("value", "taken"), [(0, 0), (0.09, 0), (0.11, 0.2), (0.5, 0.4), (1.3, 1.6), (10, 3)])
def test_a_smoothing_is_the_nearest_of_a_few(value, taken):
    assert nearest_smoothing(value) == taken
    assert taken in SMOOTHING_STEPS


def test_a_look_reads_as_the_query_that_asks_for_it():
    view = ViewOptions(640, True, "blur", 0.5, 1.6, mirror=True)
    assert str(view) == "width=640&bars=1&privacy=blur&threshold=0.5&smoothing=1.6&mirror=1"
