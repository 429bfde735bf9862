import pytest

from errors import SettingError
from sources.names import named_sources


def test_sources_are_named_or_get_a_name():
    assert named_sources(["door=0", "clip.mp4", "http://cam/?a=b"]) == {
        "door": "0",
        "camera-2": "clip.mp4",
        "camera-3": "http://cam/?a=b",
    }


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ((), "got none"),
        (("a=0", "a=1"), "two cameras are called 'a'"),
        (("a=0", "b=/dev/video0"), r"'a' and 'b' are both '/dev/video0', and a webcam has room for one"),
        (("auto", "b=auto"), "'camera' and 'b' are both 'auto'"),
        (("front door=0",), "'front door' cannot name a camera.*as in front-door=0"),
        (("caf\u00e9=0",), "cannot name a camera"),
        (("=0",), "'' cannot name a camera"),
        ((f"{'x' * 33}=0",), "up to 32 letters"),
        (("door=",), "'door=' names a camera but no source, expected such as door=0"),
    ],
)
def test_sources_that_cannot_be_told_apart_are_refused(sources, message):
    with pytest.raises(SettingError, match=message):
        named_sources(sources)


def test_a_file_or_the_demo_may_be_shown_by_several_cameras():
    assert list(named_sources(("a=demo", "b=demo", "c=x.mp4", "d=x.mp4"))) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("source", ["http://cam/?a=b", "./a=b.mp4", "rtsp://10.0.0.7/live?x=1"])
def test_what_has_an_equals_sign_within_an_address_or_path_is_not_named(source):
    assert named_sources((source,)) == {"camera": source}


def test_bare_sources_are_numbered_by_their_place():
    assert list(named_sources(["demo", "demo", "x=demo", "demo"])) == ["camera", "camera-2", "x", "camera-4"]


def test_blanks_round_a_name_and_its_source_do_not_count():
    assert named_sources([" door = 0 "]) == {"door": "0"}


def test_a_name_of_32_letters_is_taken():
    assert named_sources([f"{'x' * 32}=0"]) == {"x" * 32: "0"}


def test_two_webcams_are_two_and_one_told_in_two_ways_is_one():
    assert named_sources(["a=0", "b=1", "c=/dev/video2", "d=/dev/v4l/by-id/x"])["d"] == "/dev/v4l/by-id/x"
    with pytest.raises(SettingError, match="'b' and 'c' are both '1'"):
        named_sources(["a=0", "b=/dev/video1", "c=1"])
