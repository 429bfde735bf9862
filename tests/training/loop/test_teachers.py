import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from errors import DataError
from faces import EXPRESSIONS
from inference.preprocess import InputSpec
from model import EmotionModel
from training.data.augment import Augmentation
from training.data.dataset import NO_FACE, Split
from training.loop.batches import Batches
from training.loop.teachers import Teachers

SHIPPED = Path("weights/fer2013")
SPEC = InputSpec(48, 48, 1)


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 255, (5, 48, 48, 1)).astype(np.float32)


def test_the_mean_opinion_of_the_teachers_is_mixed_into_the_targets(images):
    targets = np.eye(7, dtype=np.float32)[[0, 1, 2, 3, 4]]
    opinion = EmotionModel.load(SHIPPED).probabilities(images)
    taught = Teachers([SHIPPED, SHIPPED], 0.25, EXPRESSIONS, SPEC).distill(images, targets)
    np.testing.assert_allclose(taught, 0.75 * targets + 0.25 * opinion, atol=1e-6)


def test_labels_may_come_in_another_order_and_no_face_stays_as_it_is(images):
    labels = (*reversed(EXPRESSIONS), NO_FACE)
    targets = np.zeros((5, 8), np.float32)
    targets[:, 7] = [0, 1, 0.5, 0, 0]
    targets[:, 0] = 1 - targets[:, 7]
    opinion = EmotionModel.load(SHIPPED).probabilities(images)[:, ::-1]
    taught = Teachers([SHIPPED], 1.0, labels, SPEC).distill(images, targets)
    np.testing.assert_allclose(taught[:, 7], targets[:, 7])
    np.testing.assert_allclose(taught[:, :7], opinion * targets[:, :1], atol=1e-6)
    np.testing.assert_allclose(taught.sum(axis=1), 1, atol=1e-5)


def test_the_teachers_see_what_the_pupil_sees():
    raw = np.random.default_rng(1).integers(0, 255, (8, 48, 48, 1)).astype(np.uint8)
    split = Split(raw, np.zeros(8, np.int64), np.eye(7, dtype=np.float32)[[0] * 8])
    batches = Batches(split, 8, 1, Augmentation(), teachers=Teachers([SHIPPED], 1.0, EXPRESSIONS, SPEC))
    seen, targets = batches[0]
    assert not np.array_equal(seen, raw)
    np.testing.assert_allclose(targets, EmotionModel.load(SHIPPED).probabilities(seen), atol=1e-6)


def test_without_teachers_targets_stay(images):
    targets = np.eye(7, dtype=np.float32)[:5]
    assert Teachers([], 0.5, EXPRESSIONS, SPEC).distill(images, targets) is targets


def test_a_teacher_of_other_labels_or_size_is_refused(tmp_path):
    other = Path(shutil.copytree(SHIPPED, tmp_path / "other"))
    card = json.loads((other / "card.json").read_text())
    (other / "card.json").write_text(json.dumps({**card, "labels": [*card["labels"][:6], "bored"]}))
    with pytest.raises(DataError, match=r"other: knows .*bored, but the data has"):
        Teachers([other], 0.5, EXPRESSIONS, SPEC)
    with pytest.raises(DataError, match=r"takes images of \(48, 48, 1\), not \(64, 64, 1\)"):
        Teachers([SHIPPED], 0.5, EXPRESSIONS, InputSpec(64, 64, 1))
