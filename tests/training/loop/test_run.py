import numpy as np
import pytest

from errors import DataError
from training.loop.run import Run, State


@pytest.fixture
def run(tmp_path):
    made = Run(tmp_path / "run")
    made.begin({"seed": 1}, resume=False)
    return made


def arrays(start):
    return [np.full((2, index + 1), start + index, np.float32) for index in range(12)]


def test_a_checkpoint_comes_back_as_it_was(run):
    state = State(3, 42, 0.5, arrays(0), arrays(100), [np.array(7, np.int64)])
    run.save(state)
    loaded = run.load()
    assert (loaded.epoch, loaded.steps, loaded.best) == (3, 42, 0.5)
    for kind in ("average", "model", "optimizer"):
        for kept, given in zip(getattr(loaded, kind), getattr(state, kind), strict=True):
            np.testing.assert_array_equal(kept, given)


def test_a_new_run_has_no_state(run):
    assert run.load() == State()
    assert run.history() == []


def test_the_best_weights_outlive_later_checkpoints(run):
    run.save_best(arrays(5))
    run.save(State(4, 50, 0.6, arrays(9), arrays(9), []))
    np.testing.assert_array_equal(run.best_weights()[3], arrays(5)[3])


def test_without_a_finished_epoch_there_are_no_best_weights(run):
    with pytest.raises(DataError, match=r"best\.npz: missing, no epoch was finished"):
        run.best_weights()


def test_history_grows_by_one_row_an_epoch(run):
    run.log_epoch(1, {"loss": 2.0, "accuracy": 0.25})
    run.log_epoch(2, {"loss": 1.5, "accuracy": 0.5})
    assert run.history() == [
        {"epoch": 1, "accuracy": 0.25, "loss": 2.0},
        {"epoch": 2, "accuracy": 0.5, "loss": 1.5},
    ]


def test_a_setting_that_is_younger_than_the_run_is_taken_to_have_had_its_default(run):
    run.begin({"seed": 1, "optimizer": "sgd"}, resume=True, defaults={"seed": 5, "optimizer": "sgd"})
    with pytest.raises(DataError, match="optimizer was 'sgd', is 'adamw'"):
        run.begin({"seed": 1, "optimizer": "adamw"}, resume=True, defaults={"seed": 5, "optimizer": "sgd"})


def test_a_run_is_neither_overwritten_nor_resumed_with_other_settings(run):
    with pytest.raises(DataError, match="holds a run"):
        run.begin({"seed": 1}, resume=False)
    with pytest.raises(DataError, match="seed was 1, is 2"):
        run.begin({"seed": 2}, resume=True)
    run.begin({"seed": 1}, resume=True)
