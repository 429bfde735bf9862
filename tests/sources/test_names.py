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
