import pytest

from errors import DataError
from training.options import command, defaults, parser, resolve, settings


def options(*arguments):
    return parser().parse_args(["--data", "/somewhere/fer2013.csv", "--output", "/else/mine", *arguments])


def test_the_command_gives_what_is_not_the_default_and_no_path():
    given = options("--epochs", "7", "--no-augment", "--colour", "--votes", "/here/votes.csv", "--run-folder", "/x",
                    "--resume", "--tensorboard")  # fmt: skip
    assert command(given) == (
        "python -m training.train --data fer2013.csv --votes votes.csv --no-augment --output weights/mine --colour "
        "--epochs 7"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--no-colour", "--architecture", "mobilenetv2", "--pretrained", "none"],
        ["--class-weights", "balanced", "--optimizer", "adamw", "--schedule", "plateau", "--patience", "3"],
        ["--learning-rate", "0.03", "--weight-decay", "0.0", "--target-accuracy", "0.7"],
    ],
)
def test_the_command_gives_the_same_run_again(arguments):
    given = options(*arguments)
    again = parser().parse_args(command(given).split()[3:])
    assert settings(again) == settings(given)


@pytest.mark.parametrize(
    ("architecture", "size", "colour"), [("compact", 48, False), ("colour128", 128, True), ("mobilenetv2", 128, True)]
)
def test_size_and_colour_are_those_of_the_network_unless_given(architecture, size, colour):
    plan = resolve(options("--architecture", architecture))
    assert (plan.size, plan.colour) == (size, colour)
    plan = resolve(options("--architecture", architecture, "--size", "64", "--no-colour"))
    assert (plan.size, plan.colour) == (64, False)


def test_learning_rate_and_weight_decay_are_those_of_the_optimizer_unless_given():
    sgd, adamw = (resolve(options("--optimizer", name)) for name in ("sgd", "adamw"))
    assert (sgd.learning_rate, sgd.weight_decay) == (0.1, 5e-3)
    assert adamw.learning_rate < sgd.learning_rate
    plan = resolve(options("--optimizer", "adamw", "--learning-rate", "0.5", "--weight-decay", "0"))
    assert (plan.learning_rate, plan.weight_decay) == (0.5, 0)


def test_only_mobilenet_starts_from_other_weights():
    assert resolve(options()).pretrained == "none"
    assert resolve(options("--architecture", "mobilenetv2")).pretrained == "imagenet"
    with pytest.raises(DataError, match="--pretrained goes with --architecture mobilenetv2, not with compact"):
        resolve(options("--pretrained", "imagenet"))


def test_settings_hold_names_of_files_and_nothing_that_leaves_the_training_alone():
    found = settings(options("--votes", "/here/votes.csv", "--tensorboard"))
    assert (found["data"], found["votes"]) == ("fer2013.csv", "votes.csv")
    assert not {"output", "run_folder", "resume", "tensorboard", "precision"} & set(found)
    assert set(defaults()) == set(found)


@pytest.mark.parametrize(
    "arguments",
    [["--epochs", "0"], ["--label-smoothing", "2"], ["--architecture", "huge"], ["--patience", "0"],
     ["--schedule", "steps"], ["--optimizer", "lion"], ["--class-weights", "some"]],
)  # fmt: skip
def test_impossible_settings_are_refused(arguments, capsys):
    with pytest.raises(SystemExit):
        options(*arguments)
    assert arguments[0] in capsys.readouterr().err
