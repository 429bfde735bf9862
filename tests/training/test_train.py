"""Training from images to a bundle that serves, on drawn faces."""

import csv
import json
import shutil

import cv2
import numpy as np
import pytest

from faces import EXPRESSIONS, Box
from inference.bundle import ARCHITECTURE, WEIGHTS
from inference.runtimes import load_keras_network
from model import EmotionModel
from tests.support.cameras.drawn_faces import draw, write_csv, write_tree
from training import evaluate
from training import train as train_module
from training.export import main as export_command
from training.train import main

SMALL = ["--architecture", "tiny", "--batch-size", "20", "--no-augment", "--seed", "5"]


SHORT = ["--architecture", "tiny", "--epochs", "2", "--batch-size", "16"]


@pytest.fixture(scope="module")
def from_csv(tmp_path_factory):
    """A bundle trained for two epochs on a CSV file of all seven labels."""
    folder = tmp_path_factory.mktemp("csv")
    data = write_csv(folder / "fer2013.csv", dict.fromkeys(range(7), "happy"), 5)
    bundle = folder / "weights" / "first"
    assert main(["--data", str(data), "--output", str(bundle), "--run-folder", str(folder / "run"), *SHORT]) == 0
    return bundle


@pytest.fixture
def uncompiled(monkeypatch):
    """Bundles are not compiled, as where TensorFlow is missing: for tests of what is trained, and quicker."""
    monkeypatch.setattr(train_module, "can_compile", lambda: False)


@pytest.fixture(scope="module")
def colour(tmp_path_factory):
    """A folder with a colour bundle of three own labels, and the run that made it."""
    folder = tmp_path_factory.mktemp("colour")
    tree = write_tree(folder / "tree", {"smile": "happy", "frown": "sad", "oh": "surprise"}, 40, side=100, splits=())
    arguments = ["--data", str(tree), "--output", str(folder / "mine"), "--run-folder", str(folder / "run")]
    arguments += ["--colour", "--size", "64", "--validation-split", "0.25", "--learning-rate", "0.05", *SMALL]
    assert main([*arguments, "--epochs", "20", "--target-accuracy", "0.95", "--average", "0.9"]) == 0
    return folder


@pytest.fixture(scope="module")
def small_tree(tmp_path_factory):
    return write_tree(tmp_path_factory.mktemp("tree"), {"happy": "happy", "sad": "sad", "surprise": "surprise"}, 4)


def test_a_csv_becomes_a_bundle_that_both_runtimes_serve(from_csv):
    models = [EmotionModel.load(from_csv, runtime) for runtime in ("litert", "keras")]
    faces = cv2.cvtColor(draw("happy", 1), cv2.COLOR_BGR2GRAY)
    rows = [model.classify(faces, [Box(0, 0, 48, 48), Box(5, 5, 30, 30)]) for model in models]
    assert models[0].labels == EXPRESSIONS
    np.testing.assert_allclose(rows[0], rows[1], atol=0.02)


def test_the_card_tells_how_the_bundle_was_made(from_csv):
    card = EmotionModel.load(from_csv, "litert").card
    assert card["name"] == "first"
    assert card["training"]["command"] == (
        "python -m training.train --data fer2013.csv --output weights/first --architecture tiny "
        "--epochs 2 --batch-size 16"
    )
    assert card["training"]["images"] == {"training": 35, "validation": 35}
    assert card["training"]["epochs"] == 2
    assert card["network"] == {"architecture": "tiny", "parameters": 61207}
    assert card["figures"]["litert"]["validation"]["images"] == 35
    assert card["litert"]["largest_difference"] < 0.02
    assert str(from_csv.parent) not in json.dumps(card)


def test_evaluate_finds_the_figures_of_the_card_again(from_csv, tmp_path):
    data, file = from_csv.parent.parent / "fer2013.csv", tmp_path / "report.json"
    figures = EmotionModel.load(from_csv, "litert").card["figures"]
    for runtime in ("litert", "keras"):
        arguments = ["--data", str(data), "--weights", str(from_csv), "--runtime", runtime, "--json", str(file)]
        assert evaluate.main(arguments) == 0
        found = json.loads(file.read_text())["splits"]["validation"]
        assert {name: found[name] for name in figures[runtime]["validation"]} == figures[runtime]["validation"]


def test_the_network_is_stored_for_safe_loading_in_single_precision(from_csv):
    text = (from_csv / "model.json").read_text()
    assert "Lambda" not in text
    assert "bfloat16" not in text
    layers = json.loads(text)["config"]["layers"]
    assert "Rescaling" in [layer["class_name"] for layer in layers]
    assert {layer["module"] for layer in layers} <= {"keras.layers"}


def test_colour_faces_with_other_labels_are_learnt_and_served(colour):
    model = EmotionModel.load(colour / "mine")
    assert model.runtime == "litert"
    assert model.labels == ("frown", "oh", "smile")
    assert model.spec.shape == (64, 64, 3)
    picture = np.concatenate([draw(kind, 9000, 120) for kind in ("happy", "sad", "surprise")], axis=1)
    rows = model.classify(picture, [Box(120 * place, 0, 120, 120) for place in range(3)])
    assert [model.labels[i] for i in rows.argmax(axis=1)] == ["smile", "frown", "oh"]


def test_training_stops_at_the_target_and_keeps_a_history(colour):
    with (colour / "run" / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == list(range(1, len(rows) + 1))
    assert len(rows) < 20
    assert float(rows[-1]["val_accuracy"]) >= 0.95
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    card = EmotionModel.load(colour / "mine").card
    assert card["training"]["best_epoch"] == len(rows)
    assert card["figures"]["keras"]["validation"]["accuracy"] == pytest.approx(
        float(rows[-1]["val_accuracy"]), abs=1e-4
    )


@pytest.mark.usefixtures("uncompiled")
def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(from_csv, tmp_path, monkeypatch):
    data, halves = from_csv.parent.parent / "fer2013.csv", tmp_path / "halves"
    arguments = ["--data", str(data), "--output", str(halves), "--run-folder", str(tmp_path / "run"), *SHORT]

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        stop = "training.loop.average_checkpoint.AverageCheckpoint.on_epoch_begin"
        patch.setattr(stop, lambda self, epoch, logs: epoch == 1 and interrupted())
        assert main(arguments) == 130
    assert not halves.exists()
    assert (tmp_path / "run" / "curves.png").exists()  # of the epoch that was finished
    assert main([*arguments, "--resume"]) == 0
    kept = [load_keras_network(folder / ARCHITECTURE, folder / WEIGHTS) for folder in (from_csv, halves)]
    for one, other in zip(*(network.get_weights() for network in kept), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.usefixtures("uncompiled")
def test_a_finished_run_resumed_writes_its_bundle_again(colour, tmp_path):
    run = shutil.copytree(colour / "run", tmp_path / "run")
    arguments = ["--data", str(colour / "tree"), "--output", str(tmp_path / "again"), "--run-folder", str(run)]
    arguments += ["--colour", "--size", "64", "--validation-split", "0.25", "--learning-rate", "0.05", *SMALL]
    arguments += ["--epochs", "20", "--target-accuracy", "0.95", "--average", "0.9", "--resume"]
    assert main(arguments) == 0
    files = [EmotionModel.load(folder).card["figures"] for folder in (colour / "mine", tmp_path / "again")]
    assert files[0]["keras"] == files[1]["keras"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ([], "holds a run. Go on with it: --resume"),
        (["--resume", "--seed", "6"], "the run had other settings: seed was 5, is 6"),
        (["--votes", "votes.csv"], "--votes goes with a fer2013.csv"),
    ],
)
def test_what_does_not_go_together_is_told_before_training(colour, capsys, more, message):
    arguments = ["--data", str(colour / "tree"), "--output", str(colour / "mine"), "--run-folder", str(colour / "run")]
    arguments += ["--colour", "--size", "64", "--validation-split", "0.25", "--learning-rate", "0.05", *SMALL]
    arguments += ["--epochs", "20", "--target-accuracy", "0.95", "--average", "0.9"]
    assert main([*arguments, *more]) == 2
    assert message in capsys.readouterr().err


def test_a_learning_rate_that_ends_in_no_numbers_is_told(tmp_path, capsys):
    data = write_csv(tmp_path / "fer2013.csv", {3: "happy", 4: "sad"}, 5)
    arguments = ["--data", str(data), "--output", str(tmp_path / "x"), "--run-folder", str(tmp_path / "run"), *SMALL]
    assert main([*arguments, "--learning-rate", "1e30", "--warm-up", "0", "--epochs", "3"]) == 2
    assert "the loss is no number any more. Choose a lower --learning-rate" in capsys.readouterr().err


def test_nothing_to_resume_is_told(tmp_path, capsys):
    data = write_csv(tmp_path / "fer2013.csv", {3: "happy", 4: "sad"}, 2)
    arguments = ["--data", str(data), "--output", str(tmp_path / "x"), "--run-folder", str(tmp_path / "run")]
    assert main([*arguments, "--resume"]) == 2
    assert "nothing to resume. Start without --resume" in capsys.readouterr().err


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        (["--architecture", "compact"], (48, 48, 1)),
        (["--architecture", "cnn5"], (48, 48, 1)),
        (["--architecture", "mobilenetv2", "--pretrained", "none", "--size", "48", "--no-colour"], (48, 48, 1)),
    ],
)
def test_every_architecture_becomes_a_bundle_that_both_runtimes_serve(small_tree, tmp_path, arguments, shape):
    bundle = tmp_path / "mine"
    common = ["--data", str(small_tree), "--output", str(bundle), "--run-folder", str(tmp_path / "run")]
    assert main([*common, *arguments, "--epochs", "1", "--batch-size", "6", "--optimizer", "adamw"]) == 0
    model = EmotionModel.load(bundle, "litert")
    assert model.spec.shape == shape
    assert model.classify(draw("happy", 1, 100), [Box(10, 10, 80, 80), Box(0, 0, 50, 50)]).shape == (2, 3)
    assert set(model.card["figures"]) == {"keras", "litert"}  # export ran both
    assert model.card["litert"]["largest_difference"] < 0.05
    text = (bundle / "model.json").read_text()
    assert "Lambda" not in text
    assert "bfloat16" not in text


@pytest.mark.usefixtures("uncompiled")
def test_a_run_without_progress_stops_and_keeps_its_best_epoch(small_tree, tmp_path, capsys):
    run = tmp_path / "run"
    arguments = ["--data", str(small_tree), "--output", str(tmp_path / "mine"), "--run-folder", str(run), *SMALL]
    # A learning rate of next to nothing: the first epoch stays the best.
    arguments += ["--learning-rate", "1e-9", "--patience", "2", "--schedule", "plateau", "--optimizer", "adamw"]
    assert main([*arguments, "--class-weights", "balanced", "--tensorboard", "--epochs", "9"]) == 0
    assert "stopped after 3 epochs: no better validation accuracy than" in capsys.readouterr().out
    card = EmotionModel.load(tmp_path / "mine").card
    assert (card["training"]["epochs"], card["training"]["best_epoch"]) == (3, 1)
    assert "--optimizer adamw --schedule plateau" in card["training"]["command"]
    assert (run / "curves.png").stat().st_size > 1000
    assert sorted(path.name for path in (run / "tensorboard").iterdir()) == ["train", "validation"]


@pytest.mark.usefixtures("uncompiled")
def test_balanced_weights_take_away_the_advantage_of_the_frequent_class(tmp_path):
    tree = write_tree(tmp_path / "tree", {"often": "happy"}, 100)
    write_tree(tmp_path / "tree", {"rare": "happy"}, 10)  # the same faces: only their number tells the classes apart
    rare = {}
    for choice in ("none", "balanced"):
        bundle = tmp_path / choice
        arguments = ["--data", str(tree), "--output", str(bundle), "--run-folder", str(tmp_path / f"run-{choice}")]
        arguments += ["--epochs", "1", "--average", "0", "--optimizer", "adamw", "--learning-rate", "0.01"]
        assert main([*arguments, *SMALL, "--batch-size", "10", "--class-weights", choice]) == 0
        model = EmotionModel.load(bundle)
        faces = [cv2.cvtColor(draw("happy", seed), cv2.COLOR_BGR2GRAY) for seed in range(7000, 7030)]
        rare[choice] = model.probabilities(np.stack(faces)[..., None].astype(np.float32))[:, 1].mean()
    assert rare["balanced"] > 3 * rare["none"]


def test_a_network_learns_what_is_no_face_beside_the_expressions(tmp_path, request):
    data = write_csv(tmp_path / "fer2013.csv", {3: "happy", 4: "sad"}, 20)
    tree = write_tree(tmp_path / "more", {"happy": "happy", "sad": "sad"}, 10, splits=())
    (tree / "no_face").mkdir()
    rng = np.random.default_rng(0)
    for index in range(20):
        cv2.imwrite(str(tree / "no_face" / f"{index}.png"), rng.integers(0, 255, (48, 48), np.uint8))
    arguments = ["--data", str(data), "--also", str(tree), "--output", str(tmp_path / "w"), "--average", "0.9", *SMALL]
    arguments += ["--run-folder", str(tmp_path / "run"), "--epochs", "8", "--learning-rate", "0.05", "--balance", "0.5"]
    assert main(arguments) == 0
    model = EmotionModel.load(tmp_path / "w")
    assert model.labels == EXPRESSIONS
    assert "--also more" in model.card["training"]["command"]
    noise = rng.integers(0, 255, (10, 48, 48, 1)).astype(np.float32)
    faces = np.stack([cv2.cvtColor(draw("happy", seed), cv2.COLOR_BGR2GRAY) for seed in range(10)])[..., None]
    assert model.predict(noise).no_face.min() > model.no_face_threshold
    assert model.predict(faces.astype(np.float32)).no_face.max() < model.no_face_threshold

    request.getfixturevalue("uncompiled")
    again = ["--data", str(data), "--start", str(tmp_path / "w"), "--output", str(tmp_path / "on"), *SMALL]
    assert main([*again, "--run-folder", str(tmp_path / "on-run"), "--epochs", "1", "--learning-rate", "1e-6"]) == 0
    before, after = (EmotionModel.load(tmp_path / name).probabilities(faces.astype(np.float32)) for name in ("w", "on"))
    np.testing.assert_allclose(before, after, atol=0.1)


@pytest.mark.usefixtures("uncompiled")
def test_without_tensorflow_the_bundle_is_written_and_can_be_compiled_later(tmp_path, capsys):
    data = write_csv(tmp_path / "fer2013.csv", {3: "happy", 4: "sad"}, 5)
    output = tmp_path / "elsewhere"
    arguments = ["--data", str(data), "--output", str(output), "--run-folder", str(tmp_path / "run"), *SMALL]
    assert main([*arguments, "--epochs", "1"]) == 0
    assert "python -m training.export --weights" in capsys.readouterr().out
    assert not (output / "model.tflite").exists()
    assert EmotionModel.load(output).runtime == "keras"
    assert export_command(["--weights", str(output), "--data", str(data)]) == 0
    assert set(EmotionModel.load(output, "litert").card["figures"]) == {"keras", "litert"}
