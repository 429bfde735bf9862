"""A bundle from somewhere is data: it runs no code, reads no other file, and is what its card says."""

import json
import shutil

import h5py
import numpy as np
import pytest

from errors import BundleError
from inference.architecture import CLASSES, check_weights, read_architecture
from inference.bundle import ARCHITECTURE, COMPILED, WEIGHTS, read_card, sha256, verified_path
from inference.runtimes import load_keras_network
from model import EmotionModel
from tests.support.servers.servers import ROOT

SHIPPED = ROOT / "weights" / "fer2013"


def network(*layers):
    return {"module": "keras", "class_name": "Sequential", "config": {"name": "n", "layers": list(layers)}}


def layer(name, module="keras.layers", registered=None, **config):
    return {"module": module, "class_name": name, "config": config, "registered_name": registered}


CODE = {"class_name": "__lambda__", "config": {"value": "4wEAAAA=", "defaults": None, "closure": None}}
HOSTILE = {
    "a lambda layer": layer("Lambda", function=CODE),
    "a lambda function as an activation": layer("Dense", units=2, activation=CODE),
    "a lambda function deep inside": layer("Dense", units=2, kernel_regularizer={"a": [{"b": [CODE]}]}),
    "another program's module": layer("Dense", module="os", units=2),
    "a function of another module": {"module": "os", "class_name": "function", "config": "system"},
    "a saved graph from a path": layer("TFSMLayer", filepath="/tmp/graph"),
    "a module of another framework": layer("TorchModuleWrapper", module="keras.layers", config={"module": "gASV"}),
    "a vocabulary from a path": layer("StringLookup", vocabulary="/etc/passwd"),
    "an object that is registered": layer("Dense", registered="my_package>Dense", units=2),
    "a class that downloads": layer("get_file", module="keras.utils", origin="http://evil.example"),
    "a name that is no text": layer(["Dense"], units=2),
    "a module within keras that is not for networks": layer("Dense", module="keras.src.saving.saving_lib", units=2),
}


@pytest.mark.parametrize("part", HOSTILE.values(), ids=HOSTILE)
def test_a_model_that_holds_more_than_plain_layers_is_refused_before_keras_sees_it(part, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "keras", None)  # importing it would fail
    path = tmp_path / ARCHITECTURE
    path.write_text(json.dumps(network(layer("InputLayer", batch_shape=[None, 4]), part)))
    with pytest.raises(BundleError, match="none of the plain layers"):
        load_keras_network(path, tmp_path / WEIGHTS)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '"os"', "[" * 100_000, '{"a":' * 50_000, "\xff"])
def test_what_is_no_architecture_is_told(text, tmp_path):
    path = tmp_path / ARCHITECTURE
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BundleError, match="it is no "):
        read_architecture(path)


def test_the_shipped_networks_are_plain():
    for folder in (ROOT / "weights").iterdir():
        assert read_architecture(folder / ARCHITECTURE)["class_name"] == "Functional"
        check_weights(folder / WEIGHTS)


def test_no_class_that_runs_code_or_reads_files_is_on_the_list():
    risky = {"Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "StringLookup", "IntegerLookup",
             "TextVectorization", "__lambda__", "function"}  # fmt: skip
    assert not risky & CLASSES


def test_weights_that_lie_in_other_files_are_refused(tmp_path):
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["data"] = np.arange(4)
    made = {name: tmp_path / f"{name}.h5" for name in ("link", "soft", "external", "plain")}
    with h5py.File(made["link"], "w") as file:
        file.create_group("layers")["w"] = h5py.ExternalLink(str(other), "/data")
    with h5py.File(made["soft"], "w") as file:
        file["w"] = h5py.SoftLink("/elsewhere")
    with h5py.File(made["external"], "w") as file:
        file.create_dataset("w", (4,), "u1", external=[("/etc/passwd", 0, 4)])
    with h5py.File(made["plain"], "w") as file:
        file.create_group("layers")["w"] = np.arange(4)
    for name in ("link", "soft", "external"):
        with pytest.raises(BundleError, match="'w' lies in another file"):
            check_weights(made[name])
    check_weights(made["plain"])


def test_weights_that_are_no_plain_groups_and_arrays_are_refused(tmp_path):
    made = {name: tmp_path / f"{name}.h5" for name in ("itself", "deep", "type")}
    with h5py.File(made["itself"], "w") as file:
        file.create_group("layers")["again"] = file
    with h5py.File(made["deep"], "w") as file:
        group = file
        for _ in range(1200):
            group = group.create_group("a")
        group["w"] = h5py.SoftLink("/elsewhere")
    with h5py.File(made["type"], "w") as file:
        file["kind"] = np.dtype("f8")
    reasons = {"itself": "'again' is a group that stands in it twice", "deep": "'w' lies in another file",
            "type": "'kind' is neither a group nor an array"}  # fmt: skip
    for name, words in reasons.items():
        with pytest.raises(BundleError, match=words):
            check_weights(made[name])


@pytest.mark.parametrize("name", [ARCHITECTURE, WEIGHTS, COMPILED])
def test_the_cards_hashes_are_the_files(name):
    for folder in (ROOT / "weights").iterdir():
        assert read_card(folder)["files"][name] == sha256(folder / name)


@pytest.mark.parametrize("hashed", ["0" * 64, None])
def test_a_file_with_another_hash_or_none_is_refused(hashed, tmp_path):
    folder = shutil.copytree(SHIPPED, tmp_path / "copy")
    card = json.loads((folder / "card.json").read_text())
    card["files"] = dict.fromkeys(card["files"], hashed) if hashed else {}
    (folder / "card.json").write_text(json.dumps(card))
    for name in (ARCHITECTURE, WEIGHTS, COMPILED):
        with pytest.raises(BundleError, match=r"its SHA-256 is [0-9a-f]{64}, the card says"):
            verified_path(folder, name, read_card(folder))
    with pytest.raises(BundleError, match="damaged or replaced"):
        EmotionModel.load(folder, "litert")
