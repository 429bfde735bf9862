import numpy as np
import pytest

from training.evaluation.reliability import reliability


def rows(*confidences, labels=2):
    """Probabilities whose first label has the confidence given; the others share the rest."""
    return np.array([[c, *[(1 - c) / (labels - 1)] * (labels - 1)] for c in confidences], np.float32)


def test_the_error_is_the_gap_between_confidence_and_accuracy_weighted_by_images():
    truth = np.array([0, 1, 0, 0])
    measured = reliability(truth, rows(0.9, 0.9, 0.7, 0.7))
    assert measured.calibration_error == pytest.approx(0.5 * abs(0.9 - 0.5) + 0.5 * abs(0.7 - 1), abs=1e-6)
    assert measured.mean_confidence == pytest.approx(0.8, abs=1e-6)


def test_an_honest_classifier_has_no_error():
    truth = np.array([0] * 75 + [1] * 25)
    assert reliability(truth, rows(*[0.75] * 100)).calibration_error == pytest.approx(0, abs=1e-6)


def test_gaps_in_opposite_directions_do_not_cancel_out():
    truth = np.array([1] * 10 + [0] * 10)
    assert reliability(truth, rows(*[0.6] * 10, *[0.9] * 10)).calibration_error == pytest.approx(0.35, abs=1e-6)


@pytest.mark.parametrize(("confidence", "place"), [(1.0, 14), (0.97, 14), (0.81, 12), (0.79, 11), (0.51, 7)])
def test_a_confidence_falls_into_its_bin(confidence, place):
    assert reliability(np.array([0]), rows(confidence)).counts.tolist() == [int(i == place) for i in range(15)]


def test_the_bins_hold_every_image_and_are_ready_for_json():
    measured = reliability(np.zeros(50, np.int64), rows(*np.linspace(0.2, 1, 50), labels=7)).as_dict()
    assert sum(measured["counts"]) == 50
    assert {len(column) for column in measured.values()} == {15}
    assert type(measured["counts"][0]) is int
