from pathlib import Path

import pytest

from errors import SettingError
from settings import SETTINGS, Settings, describe, load, named_sources, option, parse, variable

README = Path(__file__).resolve().parent.parent / "README.md"


def test_defaults_hold_where_nothing_is_given():
    assert load({}, {"PATH": "/bin"}) == Settings()


def test_the_command_line_goes_before_the_environment():
    environment = {"EXPRESSION_PORT": "6000", "EXPRESSION_HOST": "0.0.0.0"}
    settings = load({"port": "7000"}, environment)
    assert (settings.port, settings.host) == (7000, "0.0.0.0")


def test_both_check_alike():
    for options, environment in (({"port": "70000"}, {}), ({}, {"EXPRESSION_PORT": "70000"})):
        with pytest.raises(SettingError, match="port: got 70000, expected 0 to 65535"):
            load(options, environment)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("port", "http", "port: got 'http', expected a whole number, such as 5000"),
        ("threshold", "nan", "threshold: got nan, expected 0 to 1"),
        ("runtime", "lightrt", "did you mean litert"),
        ("idle", "-1", "idle: got -1 s, expected 0 to 3600 s"),
    ],
)
def test_a_bad_value_is_refused_with_what_was_expected(name, text, message):
    with pytest.raises(SettingError, match=message):
        parse(name, text)


def test_an_unknown_variable_is_refused_with_the_nearest_name():
    with pytest.raises(SettingError, match="EXPRESSION_PROT is no setting; did you mean EXPRESSION_PORT"):
        load({}, {"EXPRESSION_PROT": "1"})


def test_several_sources_from_the_environment_stand_between_semicolons():
    assert load({}, {"EXPRESSION_SOURCE": "door=0; demo"}).source == ("door=0", "demo")


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


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_is_documented_with_its_default(name):
    default = SETTINGS[name].default
    default = default[0] if isinstance(default, tuple) else default
    row = next(
        line for line in README.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{option(name)}`")
    )
    assert f"`{variable(name)}`" in row
    assert f"`{default}`" in row


@pytest.mark.parametrize("name", SETTINGS)
def test_every_default_is_within_its_own_bounds(name):
    default = SETTINGS[name].default
    if not isinstance(default, tuple):
        assert parse(name, str(default)) == default
    assert "default" in describe(name)
