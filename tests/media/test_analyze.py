import csv
import io
import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from demo import Demo
from faces import EXPRESSIONS, Box
from media.analyze import ALL_FOUND, FAILED, NO_FACE, find_files, main
from media.sandbox.decoding import read_picture
from tests.support.blazeface import no_blazeface

ASTRONAUT = np.ascontiguousarray(data.astronaut()[:, :, ::-1])
FACE = Box(174, 70, 105, 105)


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with one photograph of a smiling face."""
    cv2.imwrite(str(tmp_path / "astronaut.png"), ASTRONAUT)
    return tmp_path


def add_video(path: Path, frames: int = 12) -> Path:
    demo = Demo(640, 360, 30)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 30, (640, 360))
    for number in range(frames):
        writer.write(demo.draw(number)[0])
    writer.release()
    return path


def test_a_real_smiling_face_is_found_and_called_happy(folder, capsys):
    assert main([str(folder / "astronaut.png"), "--json"]) == ALL_FOUND
    (entry,) = json.loads(capsys.readouterr().out)
    (face,) = entry["faces"]
    assert Box(**face["box"]).overlap(FACE) > 0.6
    assert face["expression"] == "happy"
    assert 0.6 <= face["detection"] <= 1
    assert abs(face["angle"]) < 20
    assert list(face["probabilities"]) == list(EXPRESSIONS)
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=2e-3)
    assert (entry["kind"], entry["width"], entry["height"]) == ("image", 512, 512)


def test_with_haar_a_picture_is_analysed_without_blazeface(folder, capsys, monkeypatch):
    monkeypatch.setenv("EXPRESSION_DETECTOR", "haar")
    with no_blazeface():  # it would be refused by name
        assert main([str(folder / "astronaut.png"), "--json"]) == ALL_FOUND
    ((face,),) = (entry["faces"] for entry in json.loads(capsys.readouterr().out))
    assert Box(**face["box"]).overlap(FACE) > 0.6
    assert face["expression"] == "happy"
    assert 0.5 < face["detection"] < 1
    assert face["angle"] == 0, "Haar's cascade tells no tilt"


def test_csv_has_a_row_a_face_and_a_column_a_label(folder, capsys):
    assert main([str(folder), "--csv"]) == ALL_FOUND
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row["expression"] == "happy"
    assert float(row["happy"]) == pytest.approx(float(row["confidence"]))
    assert [name for name in row if name in EXPRESSIONS] == list(EXPRESSIONS)


def test_whatever_is_wrong_with_a_file_is_one_line_and_the_rest_goes_on(folder, capsys):
    (folder / "notes.txt").write_text("hello")
    whole = (folder / "astronaut.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "cut.mp4").write_bytes(b"\x00" * 5000)
    cv2.imwrite(str(folder / "wall.png"), np.full((300, 300, 3), 120, np.uint8))
    assert main([str(folder), str(folder / "gone.jpg"), "--json"]) == FAILED
    captured = capsys.readouterr()
    lines = captured.err.strip().splitlines()
    for name, message in {
        "astronaut.png": "1 face: happy",
        "notes.txt": "it is no picture",
        "cut.png": "cut off or damaged",
        "cut.mp4": "it is no video that can be read",
        "wall.png": "no face found",
        "gone.jpg": "there is no such file",
    }.items():
        assert sum(name in line and message in line for line in lines) == 1, f"{name}: {message}\n{captured.err}"
    entries = {Path(entry["path"]).name: entry for entry in json.loads(captured.out)}
    assert len(entries) == 6
    assert "error" not in entries["wall.png"]
    assert entries["cut.png"]["error"]
    assert entries["astronaut.png"]["faces"]


def test_the_exit_status_tells_a_missing_face_from_a_file_that_could_not_be_read(folder):
    wall = folder / "wall.png"
    cv2.imwrite(str(wall), np.full((300, 300, 3), 120, np.uint8))
    assert main([str(wall)]) == NO_FACE
    assert main([str(folder)]) == NO_FACE
    assert main([str(folder / "gone.png")]) == FAILED


def test_a_video_gives_faces_with_times_and_an_annotated_copy_that_plays(tmp_path):
    clip = add_video(tmp_path / "demo.mp4")
    out = tmp_path / "out"
    assert main([str(clip), "--output", str(out)]) == ALL_FOUND
    (entry,) = json.loads((out / "results.json").read_text())
    assert (entry["kind"], entry["fps"], len(entry["frames"])) == ("video", 30, 12)
    assert entry["frames"][6]["seconds"] == pytest.approx(0.2)
    assert len(entry["frames"][-1]["faces"]) == 3
    tracks = {face["track"] for frame in entry["frames"] for face in frame["faces"]}
    assert len(tracks) == 3
    copy = cv2.VideoCapture(str(out / "demo-annotated.mp4"))
    assert copy.get(cv2.CAP_PROP_FRAME_COUNT) == 12
    assert copy.read()[1].shape == (360, 640, 3)
    rows = list(csv.DictReader(io.StringIO((out / "results.csv").read_text())))
    assert len(rows) == sum(len(frame["faces"]) for frame in entry["frames"])


def test_annotated_copies_keep_the_trees_shape_and_never_touch_the_originals(folder):
    before = (folder / "astronaut.png").read_bytes()
    (folder / "sub").mkdir()
    cv2.imwrite(str(folder / "sub" / "astronaut.png"), ASTRONAUT)
    cv2.imwrite(str(folder / "astronaut.bmp"), ASTRONAUT)
    assert main([str(folder), "--output", str(folder)]) == ALL_FOUND
    written = {str(path.relative_to(folder)) for path in folder.rglob("*annotated*")}
    assert written == {"astronaut-annotated.png", "astronaut.bmp-annotated.jpg", "sub/astronaut-annotated.png"}
    assert (folder / "astronaut.png").read_bytes() == before
    assert not np.array_equal(read_picture(folder / "astronaut-annotated.png"), ASTRONAUT)
    assert not [path for path, _ in find_files([folder], folder) if "annotated" in path.name]


def test_what_an_earlier_run_wrote_is_not_read_again(folder):
    out = folder / "out"
    main([str(folder), "--output", str(out)])
    assert [name for _, name in find_files([folder], out)] == [Path("astronaut.png")]


def test_files_of_one_name_from_two_folders_get_names_unlike_each_other(tmp_path):
    for part in ("a", "b"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "face.png").write_bytes(b"")
    found = find_files([tmp_path / "a" / "face.png", tmp_path / "b" / "face.png"])
    assert [name for _, name in found] == [Path("face.png"), Path("face-2.png")]


def test_hidden_files_are_passed_over(folder):
    (folder / ".hidden.png").write_bytes(b"")
    assert [path.name for path, _ in find_files([folder])] == ["astronaut.png"]


def test_a_picture_is_not_taken_for_the_result_file(folder, capsys):
    picture = folder / "astronaut.png"
    before = picture.read_bytes()
    with pytest.raises(SystemExit) as ended:
        main(["--json", str(picture), str(picture)])
    assert ended.value.code == 2
    assert "expected a file that ends in .json" in capsys.readouterr().err
    assert picture.read_bytes() == before


def test_a_result_that_cannot_be_written_is_told(folder, capsys):
    assert main([str(folder), "--json", str(folder / "no" / "such" / "place.json")]) == FAILED
    assert "place.json: No such file or directory" in capsys.readouterr().err


def test_the_weights_and_thresholds_of_the_environment_hold_here_too(folder, capsys, monkeypatch):
    monkeypatch.setitem(os.environ, "EXPRESSION_WEIGHTS", str(folder / "nothing"))
    assert main([str(folder)]) == FAILED
    assert "nothing: no such folder" in capsys.readouterr().err
