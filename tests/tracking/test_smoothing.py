import numpy as np
import pytest

from tracking.smoothing import Smoother, share

CALM, TENSE, EVEN = np.float32([0.9, 0.1]), np.float32([0.1, 0.9]), np.float32([0.48, 0.52])


def held(smoother: Smoother, rows, every=0.1, start=0.0):
    labels = []
    for number, row in enumerate(rows):
        smoother.update(row, start + number * every)
        labels.append(smoother.held)
    return labels


def test_before_the_first_reading_there_are_no_probabilities():
    assert Smoother().probabilities == ()


def test_the_first_reading_stands_as_it_is():
    smoother = Smoother()
    smoother.update(TENSE, 5.0)
    assert smoother.held == 1
    assert smoother.probabilities == pytest.approx((0.1, 0.9), abs=1e-6)


def test_without_smoothing_the_newest_reading_stands():
    assert held(Smoother(0), [CALM, TENSE, CALM, EVEN]) == [0, 1, 0, 1]


@pytest.mark.parametrize("every", [1 / 30, 0.1])
def test_probabilities_go_the_same_way_in_the_same_time_at_any_rate(every):
    smoother = Smoother(0.5)
    smoother.update(CALM, 0.0)
    for number in range(1, round(0.3 / every) + 1):
        smoother.update(np.float32([0.6, 0.4]), number * every)
    logs = np.log([0.9, 0.1]) + share(0.3, 0.5) * (np.log([0.6, 0.4]) - np.log([0.9, 0.1]))
    assert smoother.probabilities[0] == pytest.approx(np.exp(logs[0]) / np.exp(logs).sum(), abs=0.005)


def test_one_uncertain_frame_changes_no_label_and_little_else():
    smoother = Smoother()
    rows = [CALM] * 10 + [np.float32([0.35, 0.65])] + [CALM] * 10
    assert held(smoother, rows) == [0] * 21


def test_labels_that_are_about_as_likely_do_not_take_turns():
    rng = np.random.default_rng(0)
    first = np.clip(0.5 + rng.normal(0, 0.06, 600), 0.05, 0.95)
    rows = np.stack([first, 1 - first], 1).astype(np.float32)
    flips = np.count_nonzero(np.diff(held(Smoother(0), rows)))
    assert flips > 200
    assert np.count_nonzero(np.diff(held(Smoother(), rows))) < flips / 10


@pytest.mark.parametrize("every", [1 / 30, 0.1])
def test_a_clear_change_shows_within_three_twentieths_of_a_second_with_its_probability(every):
    smoother = Smoother()
    before = round(2 / every)
    labels = held(smoother, [CALM] * before + [TENSE] * round(1 / every), every)
    assert labels[-1] == 1
    assert (labels.index(1) - before) * every <= 0.15
    other = Smoother()
    held(other, [CALM] * before + [TENSE] * (labels.index(1) - before + 1), every)
    assert other.probabilities[1] > 0.8


def test_a_faint_but_lasting_change_shows_in_the_end():
    assert held(Smoother(), [CALM] * 5 + [np.float32([0.35, 0.65])] * 30)[-1] == 1


def test_a_pause_between_readings_counts_for_little_as_evidence():
    smoother = Smoother()
    smoother.update(CALM, 0.0)
    smoother.update(np.float32([0.3, 0.7]), 60.0)
    assert smoother.held == 0


def test_impossible_labels_do_no_harm():
    smoother = Smoother()
    smoother.update(np.float32([1, 0, 0]), 0.0)
    smoother.update(np.float32([0, 1, 0]), 0.1)
    assert sum(smoother.probabilities) == pytest.approx(1)


def test_another_smoother_begins_where_the_first_one_is():
    first = Smoother(0.4)
    held(first, [CALM, CALM, TENSE, TENSE, TENSE])
    other = first.with_time_constant(3.0)
    assert (other.held, other.predicted_at, other.probabilities) == (
        first.held,
        first.predicted_at,
        first.probabilities,
    )
    for smoother in (first, other):
        smoother.update(CALM, 0.6)
    assert other.probabilities[1] > first.probabilities[1] + 0.1, "it follows more slowly"
    assert other.held == 1


def test_evidence_that_was_heard_does_not_count_in_another_smoother():
    first = Smoother(0.4)
    held(first, [CALM] * 5 + [TENSE])
    other = first.with_time_constant(0.4)
    for smoother in (first, other):
        smoother.update(np.float32([0.3, 0.7]), 0.7)
    assert (first.held, other.held) == (1, 0)


def test_a_share_goes_from_none_to_all():
    assert share(0.0, 1.0) == 0.0
    assert share(-1.0, 1.0) == 0.0
    assert share(1.0, 1.0) == pytest.approx(0.632, abs=1e-3)
    assert share(0.0, 0.0) == 1.0
