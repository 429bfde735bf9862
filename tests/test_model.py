import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from config.settings import Settings
from errors import BundleError
from faces import EXPRESSIONS, Box
from inference import architecture, runtimes
from inference.bundle import sha256
from inference.preprocess import crop_faces
from model import EmotionModel

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "weights" / "fer2013"
DEFAULT = ROOT / Settings().weights
LARGEST, MEAN = 0.06, 0.003
"""How far a probability may be from the other runtime's; the compiled file has 8-bit weights."""


@pytest.fixture(scope="module")
def litert():
    return EmotionModel.load(SHIPPED, "litert")


@pytest.fixture(scope="module")
def keras():
    return EmotionModel.load(SHIPPED, "keras")


@pytest.fixture(scope="module")
def astronaut():
    return cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)


@pytest.fixture
def bundle(tmp_path):
    return Path(shutil.copytree(SHIPPED, tmp_path / "copy"))


def crops(spec, count=24):
    """Real crops of all kinds: places in a photograph, at several sizes."""
    image = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2GRAY)

    rng = np.random.default_rng(0)
    boxes = [Box(*(int(v) for v in rng.integers(0, 350, 2)), *[int(rng.integers(30, 160))] * 2) for _ in range(count)]
    return crop_faces(image, [Box(177, 67, 93, 93), *boxes], spec)


def edit_card(folder, **changes):
    path = folder / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_the_shipped_bundle_names_its_labels_and_input(litert):
    assert litert.labels == EXPRESSIONS
    assert litert.spec.shape == (48, 48, 1)
    assert litert.name == "fer2013"
    assert litert.runtime == "litert"


@pytest.mark.parametrize("runtime", ["litert", "keras"])
def test_the_smiling_astronaut_is_happy(runtime, astronaut, request):
    model = request.getfixturevalue(runtime)
    row = model.classify(astronaut, [Box(177, 67, 93, 93)])[0]
    assert model.labels[row.argmax()] == "happy"
    assert row.max() > 0.5


@pytest.mark.parametrize("runtime", ["litert", "keras"])
def test_rows_are_probabilities(runtime, request):
    model = request.getfixturevalue(runtime)
    rows = model.probabilities(crops(model.spec))
    assert rows.shape == (25, 7)
    assert rows.dtype == np.float32
    assert (rows >= 0).all()
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("runtime", ["litert", "keras"])
def test_no_boxes_give_no_rows(runtime, astronaut, request):
    rows = request.getfixturevalue(runtime).classify(astronaut, [])
    assert rows.shape == (0, 7)
    assert rows.dtype == np.float32


def test_both_runtimes_agree(litert, keras):
    batch = crops(litert.spec)
    apart = np.abs(litert.probabilities(batch) - keras.probabilities(batch))
    assert apart.max() < LARGEST
    assert apart.mean() < MEAN
    assert litert.card["litert"]["largest_difference"] < LARGEST
    assert litert.card["litert"]["mean_difference"] < MEAN


def test_a_face_reads_the_same_alone_and_in_a_batch_of_any_size(litert):
    batch = crops(litert.spec, 199)
    together = litert.probabilities(batch)
    alone = np.concatenate([litert.probabilities(batch[i : i + 1]) for i in (0, 7, 199)])
    np.testing.assert_allclose(alone, together[[0, 7, 199]], atol=1e-4)


@pytest.mark.parametrize("runtime", ["litert", "keras"])
def test_threads_do_not_disturb_each_other(runtime, request):
    model = request.getfixturevalue(runtime)
    batch = crops(model.spec)
    expected = model.probabilities(batch)

    def ask(number):
        chosen = slice(number % 5, number % 5 + 1 + number % 3)
        return np.abs(model.probabilities(batch[chosen]) - expected[chosen]).max()

    with ThreadPoolExecutor(8) as pool:
        assert max(pool.map(ask, range(80))) < 1e-4


def test_a_batch_of_another_size_is_refused(litert):
    with pytest.raises(ValueError, match=r"expected a batch of shape \(N, \*\(48, 48, 1\)\), got \(2, 40, 40, 1\)"):
        litert.probabilities(np.zeros((2, 40, 40, 1), np.float32))


def test_serving_by_litert_never_imports_tensorflow_or_keras():
    program = """
import sys, model
assert "ai_edge_litert" not in sys.modules, "model.py imported LiteRT before it was asked for"
loaded = model.EmotionModel.load(sys.argv[1])
assert loaded.runtime == "litert", loaded.runtime
assert not {"tensorflow", "keras"} & set(sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, SHIPPED], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_the_card_vouches_for_every_file(litert):
    assert set(litert.card["files"]) == {"model.json", "model.weights.h5", "model.tflite"}
    for name, digest in litert.card["files"].items():
        assert sha256(SHIPPED / name) == digest
    assert litert.card["litert"]["made_from"] == litert.card["files"]["model.weights.h5"]


def test_the_default_bundle_is_small_and_tells_non_faces():
    assert sum(file.stat().st_size for file in DEFAULT.iterdir()) < 10e6
    assert (DEFAULT / "model.tflite").stat().st_size < 2e6
    model = EmotionModel.load(DEFAULT)
    face = crops(model.spec, 0)
    wall = np.full((1, 48, 48, 1), 120, np.float32)
    assert model.predict(face).no_face[0] < model.no_face_threshold < model.predict(wall).no_face[0]
    assert EXPRESSIONS[model.probabilities(face)[0].argmax()] == "happy"


def test_both_runtimes_read_the_default_bundle_alike():
    models = [EmotionModel.load(DEFAULT, runtime) for runtime in ("litert", "keras")]
    readings = [model.predict(crops(model.spec)) for model in models]
    given = [reading.probabilities * (1 - reading.no_face[:, None]) for reading in readings]
    apart = np.abs(given[0] - given[1])
    assert apart.max() < LARGEST
    assert apart.mean() < MEAN
    assert (SHIPPED / "model.tflite").stat().st_size < 5e6


def test_auto_takes_keras_when_the_compiled_file_is_missing(bundle, caplog):
    (bundle / "model.tflite").unlink()
    assert EmotionModel.load(bundle).runtime == "keras"
    assert "model.tflite: missing" in caplog.text


def test_auto_takes_keras_when_the_compiled_file_is_of_other_weights(bundle, caplog):
    edit_card(bundle, litert={"made_from": "0" * 64})
    assert EmotionModel.load(bundle).runtime == "keras"
    assert "other weights" in caplog.text


def test_litert_alone_needs_neither_architecture_nor_weights(bundle):
    (bundle / "model.json").unlink()
    (bundle / "model.weights.h5").unlink()
    assert EmotionModel.load(bundle).runtime == "litert"


@pytest.mark.parametrize("damage", ["missing", "cut short"])
@pytest.mark.parametrize(
    ("runtime", "name", "remedy"),
    [
        ("auto", "card.json", "estore it"),
        ("litert", "model.tflite", "python -m training.export"),
        ("keras", "model.json", "Restore it"),
        ("keras", "model.weights.h5", "Restore it"),
    ],
)
def test_a_damaged_file_is_named_with_its_remedy(bundle, runtime, name, remedy, damage):
    file = bundle / name
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(BundleError) as error:
        EmotionModel.load(bundle, runtime)
    assert str(file) in str(error.value)
    assert remedy in str(error.value)
    assert ("missing" if damage == "missing" else "damaged") in str(error.value)


def test_litert_runs_what_was_checked_though_the_file_is_replaced_meanwhile(bundle, monkeypatch):
    def replaced(path, *rest):
        path.write_bytes(b"something else")
        return runtimes.litert_runtime(path, *rest)

    monkeypatch.setattr("model.litert_runtime", replaced)
    assert EmotionModel.load(bundle, "litert").runtime == "litert"


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(BundleError, match=r"no such folder. Name a weights bundle"):
        EmotionModel.load(tmp_path / "nothing")


def test_a_folder_that_cannot_be_looked_into_is_told(tmp_path):
    with pytest.raises(BundleError, match=r"card.json: it cannot be read \(File name too long\). Grant it, or name"):
        EmotionModel.load(tmp_path / ("a" * 300))


def test_a_bundle_that_does_not_tell_non_faces_takes_everything_for_a_face(litert):
    reading = litert.predict(crops(litert.spec, 3))
    assert litert.no_face_threshold is None
    assert reading.no_face.tolist() == [0] * 4
    np.testing.assert_array_equal(reading.probabilities, litert.probabilities(crops(litert.spec, 3)))


def test_what_is_no_face_has_its_own_probability_and_the_others_still_sum_to_1(bundle):
    # The seventh output of the shipped network stands in for "no face".
    labels = json.loads((bundle / "card.json").read_text())["labels"]
    plain = EmotionModel.load(bundle, "litert").probabilities(crops(EmotionModel.load(bundle).spec))
    edit_card(bundle, labels=labels[:6], no_face={"threshold": 0.4})
    model = EmotionModel.load(bundle, "litert")
    reading = model.predict(crops(model.spec))
    assert (model.no_face_threshold, reading.probabilities.shape) == (0.4, (25, 6))
    np.testing.assert_allclose(reading.no_face, plain[:, 6], atol=1e-6)
    np.testing.assert_allclose(reading.probabilities.sum(axis=1), 1, atol=1e-6)
    expected = plain[:, :6] / plain[:, :6].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(reading.probabilities, expected, atol=1e-5)
    assert model.predict(np.zeros((0, 48, 48, 1), np.float32)).probabilities.shape == (0, 6)


def test_an_unknown_runtime_is_refused():
    with pytest.raises(BundleError, match=r"'onnx'. Choose one of auto, keras, litert"):
        EmotionModel.load(SHIPPED, "onnx")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": ["yes", "no"]}, "2 labels, but the network gives 7"),
        ({"no_face": {"threshold": 0.5}}, "7 labels and no_face, but the network gives 7"),
        ({"no_face": {"threshold": "high"}}, "expected no_face to give a threshold"),
        ({"no_face": 0.5}, "expected no_face to give a threshold"),
        ({"labels": ["happy", "happy"]}, "at least two different labels"),
        ({"labels": 7}, "at least two different labels"),
        ({"files": []}, "SHA-256 of each file"),
        ({"input": {"width": 48}}, "input or preprocessing is wrong"),
        ({"input": {"width": 48, "height": 48, "channels": 2}}, "input or preprocessing is wrong"),
        ({"preprocessing": {"crop_scale": 0, "crop_shift": 0}}, "input or preprocessing is wrong"),
    ],
)
@pytest.mark.parametrize("runtime", ["litert", "keras"])
def test_a_card_that_does_not_fit_is_named_with_what_is_wrong(bundle, changes, message, runtime):
    edit_card(bundle, **changes)
    with pytest.raises(BundleError) as error:
        EmotionModel.load(bundle, runtime)
    assert "card.json" in str(error.value)
    assert message in str(error.value)


def test_a_network_for_colour_pictures_does_not_fit_a_grey_card(bundle):
    edit_card(bundle, input={"width": 48, "height": 48, "channels": 3})
    for runtime in ("litert", "keras"):
        with pytest.raises(BundleError, match=r"card\.json: the network refused an input of \(48, 48, 3\)"):
            EmotionModel.load(bundle, runtime)


@pytest.mark.parametrize("content", ["[]", "{}", '{"name": "x"}'])
def test_a_card_that_lacks_something_is_named(bundle, content):
    (bundle / "card.json").write_text(content)
    with pytest.raises(BundleError, match=r"card\.json: (expected an object|lacks)"):
        EmotionModel.load(bundle)


def test_an_architecture_that_hides_code_is_refused(bundle, monkeypatch):
    from keras import Input, Sequential, layers

    network = Sequential([Input((48, 48, 1)), layers.Lambda(lambda x: x), layers.Flatten(), layers.Dense(7)])
    (bundle / "model.json").write_text(network.to_json())
    card = json.loads((bundle / "card.json").read_text())
    edit_card(bundle, files={**card["files"], "model.json": sha256(bundle / "model.json")})
    with pytest.raises(BundleError, match=r"model\.json: it holds 'Lambda', which is none of the plain layers"):
        EmotionModel.load(bundle, "keras")
    monkeypatch.setattr("inference.architecture.CLASSES", architecture.CLASSES | {"Lambda", "__lambda__"})
    with pytest.raises(BundleError, match=r"model\.json: Keras .* cannot build it .*unsafe"):  # Keras' own safe mode
        EmotionModel.load(bundle, "keras")


@pytest.mark.parametrize(
    ("runtime", "name", "content"),
    [
        ("litert", "model.tflite", b"no compiled network at all"),
        ("keras", "model.json", b'{"class_name": "Nothing", "config": {}}'),
        ("keras", "model.weights.h5", b"no weights at all"),
    ],
)
def test_a_file_that_the_card_vouches_for_but_no_runtime_can_read_is_named(bundle, runtime, name, content):
    (bundle / name).write_bytes(content)
    card = json.loads((bundle / "card.json").read_text())
    files = {**card["files"], name: sha256(bundle / name)}
    edit_card(bundle, files=files)
    with pytest.raises(BundleError, match=name.replace(".", r"\.")):
        EmotionModel.load(bundle, runtime)


def test_the_programs_own_bundles_are_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert EmotionModel.load(Settings().weights).name == "ferplus"
    with pytest.raises(BundleError, match=r"^weights/gone: no such folder"):
        EmotionModel.load("weights/gone")
    (tmp_path / "weights" / "ferplus").mkdir(parents=True)
    with pytest.raises(BundleError, match=r"^weights/ferplus/card\.json: missing"):
        EmotionModel.load(Settings().weights)
