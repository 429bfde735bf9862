import csv
import io
import json

from faces import Box, Face
from media.results.results import FileResult, as_csv, as_json

LABELS = ("happy", "sad")


def a_face(happy, x=1, track=None, **others):
    return Face(Box(x, 2, 30, 40), LABELS, (happy, 1 - happy), track, **others)


def a_picture(name="holiday.jpg", *faces):
    return FileResult(name, "image", 100, 80, labels=LABELS, frames=[(0, 0.0, tuple(faces))])


def test_csv_has_a_row_a_face_and_a_column_a_label():
    video = FileResult("clip.mp4", "video", 100, 80, 25.0, LABELS, [(0, 0.0, ()), (1, 0.04, (a_face(0.9, track=3),))])
    first, second, third = csv.DictReader(io.StringIO(as_csv([a_picture("a.jpg", a_face(0.8), a_face(0.3)), video])))
    assert (first["path"], first["expression"], first["confidence"], first["track"]) == ("a.jpg", "happy", "0.8", "")
    assert (second["expression"], second["sad"]) == ("sad", "0.7")
    assert (third["frame"], third["seconds"], third["track"], third["happy"]) == ("1", "0.04", "3", "0.9")


def test_what_the_detector_knows_of_a_face_stands_behind_its_box():
    text = as_csv([a_picture("a.jpg", a_face(0.8, detection=0.97654, angle=-12.345))])
    assert text.splitlines()[0] == (
        "path,frame,seconds,track,x,y,width,height,detection,angle,expression,confidence,happy,sad"
    )
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["height"], row["detection"], row["angle"], row["expression"]) == ("40", "0.977", "-12.3", "happy")


def test_a_name_that_a_spreadsheet_would_run_is_text():
    for name in ("=1+1.jpg", "@x.jpg", "-x.jpg", "+x.jpg"):
        (row,) = csv.DictReader(io.StringIO(as_csv([a_picture(name, a_face(0.8))])))
        assert row["path"] == f"'{name}"


def test_nothing_found_is_a_head_and_an_entry():
    assert as_csv([a_picture()]).splitlines()[0].startswith("path,frame,seconds")
    assert len(as_csv([a_picture()]).splitlines()) == 1
    assert json.loads(as_json([a_picture()]))[0]["faces"] == []
    assert a_picture().line() == "holiday.jpg: no face found"


def test_what_went_wrong_stands_in_the_entry():
    (entry,) = json.loads(as_json([FileResult("x.jpg", "image", error="x.jpg: it is no picture")]))
    assert entry["error"] == "x.jpg: it is no picture"
