import keras
import numpy as np
import pytest

from errors import DataError
from training.data.augment import Augmentation
from training.data.dataset import make_split
from training.loop.average_checkpoint import EVERY, AverageCheckpoint
from training.loop.batches import Batches
from training.loop.run import Run, State
from training.loop.stopping import StoppingCriteria

STEPS = 2 * EVERY


@pytest.fixture
def network():
    keras.utils.set_random_seed(1)
    made = keras.Sequential([keras.Input((1, 1, 1)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    made.compile(keras.optimizers.SGD(0.1), "categorical_crossentropy", metrics=["accuracy"])
    made.optimizer.build(made.trainable_variables)
    return made


@pytest.fixture
def watch(network, tmp_path):
    images = [np.full((1, 1, 1), value, np.uint8) for value in (0, 1, 2, 3)]
    split = make_split(images, [0, 0, 1, 1], 2)
    run = Run(tmp_path / "run")
    run.begin({}, resume=False)
    judge = keras.models.clone_model(network)
    made = AverageCheckpoint(
        judge, Batches(split, 2, 1, Augmentation.none()), split, run, State(), 0.9, StoppingCriteria()
    )
    made.set_model(network)
    made.run, made.state, made.judge = run, made._state, judge
    return made


def weights(kernel, bias):
    return [np.array([kernel], np.float32), np.array(bias, np.float32)]


RIGHT, WRONG = weights([-9, 9], [13.5, -13.5]), weights([9, -9], [-13.5, 13.5])
"""Weights that tell 0 and 1 from 2 and 3, and that take each for the other."""


def epoch(watch, number, values):
    watch.on_epoch_begin(number)
    watch.model.set_weights(values)
    for step in range(STEPS):
        watch.on_train_batch_end(step)
    watch.on_epoch_end(number, {"loss": 1.0, "accuracy": 0.5})


def test_the_average_follows_the_weights(watch):
    epoch(watch, 0, WRONG)
    before = watch.state.average[0].copy()
    np.testing.assert_allclose(before, WRONG[0])
    epoch(watch, 1, RIGHT)
    assert np.all(np.abs(watch.state.average[0] - RIGHT[0]) < np.abs(before - RIGHT[0]))


def test_what_is_judged_is_the_average_and_not_the_weights_of_the_moment(watch):
    for number in range(6):
        epoch(watch, number, RIGHT)
    watch.on_epoch_begin(6)
    watch.model.set_weights(WRONG)
    watch.on_train_batch_end(0)
    watch.on_epoch_end(6, {"loss": 1.0, "accuracy": 0.0})
    assert watch.run.history()[-1]["val_accuracy"] == 1.0


def test_the_best_epoch_is_kept_when_later_ones_are_worse(watch):
    for number, values in enumerate([RIGHT, *[WRONG] * 8]):
        epoch(watch, number, values)
    assert [row["val_accuracy"] for row in watch.run.history()][:: len(watch.run.history()) - 1] == [1.0, 0.0]
    np.testing.assert_allclose(watch.run.best_weights()[0], RIGHT[0])


def test_every_epoch_leaves_a_checkpoint_of_all_that_training_needs(watch):
    epoch(watch, 0, RIGHT)
    loaded = watch.run.load()
    assert (loaded.epoch, loaded.steps, loaded.best) == (1, STEPS, 1.0)
    np.testing.assert_allclose(loaded.model[0], RIGHT[0])
    assert len(loaded.optimizer) == len(watch.model.optimizer.variables)


def test_the_history_tells_the_log_loss_of_the_average(watch):
    epoch(watch, 0, weights([0, 0], [0, 0]))
    assert watch.run.history()[0]["val_loss"] == pytest.approx(np.log(2), abs=1e-5)


def test_a_loss_that_is_no_number_is_told_and_nothing_is_saved(watch):
    watch.on_epoch_begin(0)
    watch.on_train_batch_end(0)
    with pytest.raises(DataError, match="the loss is no number any more"):
        watch.on_epoch_end(0, {"loss": float("nan"), "accuracy": 0.5})
    assert watch.run.load() == State()


def test_weights_that_are_no_numbers_are_told_even_where_the_loss_still_is_one(watch):
    with pytest.raises(DataError, match="the loss is no number any more"):
        epoch(watch, 0, weights([np.nan, 0], [0, 0]))
    assert watch.run.load() == State()


def test_training_stops_when_the_goals_say_so(watch):
    watch._criteria = StoppingCriteria(patience=2)
    for number in range(3):
        assert not watch.model.stop_training
        epoch(watch, number, RIGHT)
    assert watch.model.stop_training
