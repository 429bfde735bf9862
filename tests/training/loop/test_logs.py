import argparse

import pytest
from PIL import Image

from errors import DataError
from training.loop.logs import logging_callbacks, run_folder, write_curves
from training.loop.run import Run


def options(tmp_path, **more):
    return argparse.Namespace(**{"output": tmp_path / "mine", "run_folder": tmp_path, "tensorboard": False, **more})


def test_curves_are_drawn_beside_the_history(tmp_path):
    run = Run(tmp_path)
    write_curves(run, "mine")
    assert not (tmp_path / "curves.png").exists()  # nothing to draw yet
    run.log_epoch(1, {"loss": 2.0, "accuracy": 0.2, "val_loss": 1.9, "val_accuracy": 0.3})
    write_curves(run, "mine")
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.width > 500


def test_a_run_has_a_folder_by_the_name_of_its_bundle(tmp_path):
    assert run_folder(options(tmp_path)) == tmp_path
    assert run_folder(options(tmp_path, run_folder=None)).parts == ("runs", "mine")


def test_no_logs_are_written_unless_asked_for(tmp_path):
    assert logging_callbacks(options(tmp_path)) == []


def test_a_missing_tensorboard_is_told_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DataError, match="TensorBoard is not installed"):
        logging_callbacks(options(tmp_path, tensorboard=True))
