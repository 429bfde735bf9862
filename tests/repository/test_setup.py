"""Each command installs what it needs and no more; where TensorFlow is missing, one line says what to type."""

import os
import shutil
import subprocess
import sys
import sysconfig

import pytest

from tests.support.servers.servers import ROOT

LOCKS = ("requirements-serve.lock", "requirements.lock", "requirements-dev.lock")
DETECTOR = "requirements-detector.txt"
WITHOUT_TENSORFLOW = """
import runpy, sys
sys.modules.update(dict.fromkeys(("tensorflow", "keras", "matplotlib")))  # importing them fails
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__")
"""


def called(*command, folder=ROOT, **environment):
    """A command that has ended; as its own, not as a part of the `make test` that runs this."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PIP_"))}
    return subprocess.run(command, cwd=folder, env=kept | environment, capture_output=True, text=True, timeout=120)


def bare_venv(folder):
    """An environment without pip, so that every installation ends where it begins."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return str(folder)


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    return bare_venv(tmp_path_factory.mktemp("bare") / "venv")


@pytest.mark.parametrize(
    ("target", "lock"),
    [
        *((target, LOCKS[0]) for target in ("run", "soak", "soak-building")),
        *((target, LOCKS[1]) for target in ("train", "evaluate", "train-setup")),
        *((target, LOCKS[2]) for target in ("test", "lint", "bench", "setup")),
    ],
)
def test_a_command_installs_what_it_needs(target, lock, bare):
    done = called("make", target, f"VENV={bare}")
    assert done.returncode != 0, "without pip nothing can be installed"
    assert [line for line in done.stderr.splitlines() if line.startswith("setup: ")] == [
        f"setup: installing {lock} (the first time this takes some minutes)"
    ]


def test_what_is_there_is_not_installed_again(tmp_path):
    (tmp_path / "scripts").mkdir()
    shutil.copy2(ROOT / "scripts" / "setup.sh", tmp_path / "scripts")
    for lock in (*LOCKS, DETECTOR):
        (tmp_path / lock).write_text("# no package, and the file of another version later\n")
    venv = bare_venv(tmp_path / "venv")
    pip = sysconfig.get_path("purelib")  # of the environment that runs the tests

    def installed(what):
        done = called("scripts/setup.sh", what, folder=tmp_path, VENV=venv, PYTHONPATH=pip)
        assert done.returncode == 0, done.stderr
        return [lock for lock in (*LOCKS, DETECTOR) if f"setup: installing {lock} " in done.stderr]

    assert [installed(what) for what in ("run", "run")] == [[LOCKS[0], DETECTOR], []]
    assert [installed(what) for what in ("train", "train", "run")] == [[LOCKS[1]], [], []]
    (tmp_path / LOCKS[0]).write_text("# another version\n")
    assert [installed(what) for what in ("run", "train")] == [[LOCKS[0]], []]


@pytest.mark.parametrize("command", ["train", "evaluate", "export", "calibrate", "merge", "gate"])
def test_training_says_what_to_type_where_tensorflow_is_missing(command):
    done = called(sys.executable, "-c", WITHOUT_TENSORFLOW, f"training.{command}", "--help")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "training: no keras and no matplotlib, which serving does without. Type: make train-setup\n"


def test_the_keras_runtime_says_what_to_type_where_tensorflow_is_missing():
    done = called(sys.executable, "-c", WITHOUT_TENSORFLOW, "main", "--runtime", "keras", "--source", "demo")
    assert done.returncode == 2
    assert done.stderr.startswith("main.py: the Keras runtime cannot start (")
    assert done.stderr.endswith("). Install it: make train-setup\n")
    assert done.stderr.count("\n") == 1


def test_a_bundle_that_keras_would_have_to_run_says_what_to_type(tmp_path):
    bundle = shutil.copytree(ROOT / "weights" / "ferplus", tmp_path / "bundle")
    (bundle / "model.tflite").unlink()
    done = called(sys.executable, "-c", WITHOUT_TENSORFLOW, "main", "--weights", str(bundle), "--source", "demo")
    assert done.returncode == 2
    assert done.stderr == (
        f"main.py: {bundle}/model.tflite: missing. Make it again: python -m training.export --weights {bundle}. "
        "Keras could run the network instead, but is not installed: make train-setup\n"
    )
