import keras
import numpy as np
import pytest

from training.loop.optimizers import FACTOR, LOWEST, Plateau, optimizer, plateau_rate, warm_steps
from training.loop.run import Run
from training.options import parser, resolve

STEPS = 10


def plan(*arguments):
    return resolve(parser().parse_args(["--data", "faces", "--output", "mine", "--epochs", "20", *arguments]))


def network(made):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, "softmax")])
    model.compile(made, "categorical_crossentropy")
    made.build(model.trainable_variables)
    return model


@pytest.fixture
def run(tmp_path):
    made = Run(tmp_path)
    made.begin({}, resume=False)
    return made


def rates_of_an_epoch(callback, model, epoch=0):
    callback.set_model(model)
    callback.on_epoch_begin(epoch)
    rates = []
    for step in range(STEPS):
        callback.on_train_batch_begin(step)
        rates.append(float(model.optimizer.learning_rate))
        model.train_on_batch(np.ones((1, 2)), np.eye(2)[:1])
    return rates


@pytest.mark.parametrize(("name", "kind"), [("sgd", keras.optimizers.SGD), ("adamw", keras.optimizers.AdamW)])
@pytest.mark.parametrize("schedule", ["cosine", "plateau"])
def test_an_optimizer_makes_the_loss_smaller(name, kind, schedule):
    made = optimizer(plan("--optimizer", name, "--schedule", schedule, "--warm-up", "1"), STEPS)
    assert type(made) is kind
    model = network(made)
    batch = np.ones((1, 2)), np.eye(2)[:1]
    losses = [float(model.train_on_batch(*batch)) for _ in range(3 * STEPS)]
    assert losses[-1] < losses[0]


def test_the_cosine_rises_to_its_peak_and_falls_to_nothing():
    schedule = optimizer(plan("--learning-rate", "0.2", "--warm-up", "2"), STEPS)._learning_rate
    rates = [float(schedule(step)) for step in range(20 * STEPS + 1)]
    assert int(np.argmax(rates)) == 2 * STEPS
    assert rates[2 * STEPS] == pytest.approx(0.2)
    assert rates[STEPS] == pytest.approx(0.1)
    assert rates[-1] == pytest.approx(0, abs=1e-6)


def test_a_warm_up_takes_half_of_a_short_run_at_most():
    assert warm_steps(plan("--warm-up", "100"), STEPS) == 10 * STEPS


@pytest.mark.parametrize(
    ("accuracies", "reductions"),
    [
        ([], 0),
        ([0.5, 0.6, 0.7], 0),
        ([0.5, 0.5, 0.4], 1),
        ([0.5, 0.4, 0.6, 0.5], 0),
        ([0.5, 0.4, 0.4, 0.4], 1),
        ([0.5, 0.4, 0.4, 0.4, 0.4], 2),
        ([0.5, 0.4, 0.4, 0.6, 0.5, 0.5], 2),
    ],
)
def test_the_rate_falls_after_every_stretch_without_a_better_epoch(accuracies, reductions):
    assert plateau_rate(accuracies, 0.1, patience=2) == pytest.approx(0.1 * FACTOR**reductions)


def test_the_rate_does_not_fall_for_ever():
    assert plateau_rate([0.5] * 1000, 0.1, patience=1) == pytest.approx(0.1 * LOWEST)


def test_a_plateau_schedule_warms_up_and_then_keeps_its_peak(run):
    options = plan("--schedule", "plateau", "--learning-rate", "0.1", "--warm-up", "0.5")
    rates = rates_of_an_epoch(Plateau(run, options, STEPS), network(optimizer(options, STEPS)))
    np.testing.assert_allclose(rates, [0.02, 0.04, 0.06, 0.08, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], rtol=1e-5)


def test_a_plateau_schedule_goes_on_from_the_history_of_the_run(run):
    options = plan("--schedule", "plateau", "--learning-rate", "0.1", "--warm-up", "0", "--plateau", "1")
    for epoch, accuracy in enumerate((0.5, 0.5), 1):
        run.log_epoch(epoch, {"val_accuracy": accuracy})
    rates = rates_of_an_epoch(Plateau(run, options, STEPS), network(optimizer(options, STEPS)), epoch=2)
    np.testing.assert_allclose(rates, [0.1 * FACTOR] * STEPS, rtol=1e-5)
