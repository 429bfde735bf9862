import numpy as np
import pytest

from training.evaluation.metrics import report

TRUTH = np.array([0, 0, 0, 1, 1, 2])
SAID = [0, 0, 1, 1, 1, 0]


def probabilities(said, classes, sure=0.8):
    rows = np.full((len(said), classes), (1 - sure) / (classes - 1), np.float32)
    rows[np.arange(len(said)), said] = sure
    return rows


@pytest.fixture
def measured():
    return report(TRUTH, probabilities(SAID, 4), ("a", "b", "c", "d"))


def test_figures_are_those_computed_by_hand(measured):
    assert measured.images == 6
    assert measured.accuracy == pytest.approx(4 / 6)
    assert measured.confusion.tolist() == [[2, 1, 0, 0], [0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(measured.precision, [2 / 3, 2 / 3, 0, 0])
    np.testing.assert_allclose(measured.recall, [2 / 3, 1, 0, 0])
    np.testing.assert_allclose(measured.f1, [2 / 3, 4 / 5, 0, 0])
    assert measured.support.tolist() == [3, 2, 1, 0]
    assert measured.log_loss == pytest.approx(-(4 * np.log(0.8) + 2 * np.log(0.2 / 3)) / 6, rel=1e-5)


def test_a_class_without_images_does_not_pull_the_macro_means(measured):
    assert measured.macro(measured.recall) == pytest.approx((2 / 3 + 1 + 0) / 3)


def test_the_weighted_means_count_every_image_alike(measured):
    assert measured.weighted(measured.recall) == pytest.approx(measured.accuracy)
    assert measured.weighted(measured.f1) == pytest.approx((3 * 2 / 3 + 2 * 4 / 5 + 0) / 6)


def test_the_table_ends_with_both_means(measured):
    rows = measured.table()
    assert [name for name, _, _ in rows] == ["a", "b", "c", "d", "macro mean", "weighted mean"]
    assert rows[-2][1] == pytest.approx((4 / 9, 5 / 9, (2 / 3 + 4 / 5) / 3))
    assert rows[-1][2] == 6


def test_the_text_and_the_json_tell_the_same(measured):
    page = measured.as_text()
    assert "accuracy" in page
    assert f"{round(measured.accuracy, 4)}" in page
    assert page.count("\n") > 10
    content = measured.as_dict()
    assert content["classes"]["b"] == {"precision": 0.6667, "recall": 1.0, "f1": 0.8, "support": 2}
    assert content["confusion_matrix"] == measured.confusion.tolist()


def test_a_confident_mistake_costs_much_but_not_without_end():
    measured = report(np.array([0]), np.array([[0, 1]], np.float32), ("a", "b"))
    assert 10 < measured.log_loss < 20


@pytest.mark.parametrize("shape", [(5, 4), (6, 3), (0, 4)])
def test_what_does_not_fit_is_refused(shape):
    with pytest.raises(ValueError, match="expected probabilities of shape"):
        report(TRUTH[: shape[0]] if shape[0] == 0 else TRUTH, np.zeros(shape, np.float32), ("a", "b", "c", "d"))
