import argparse

import pytest

from config.loader import add_options, gather, load, parse, parse_options
from config.settings import SETTINGS, Settings
from errors import SettingError

TEXTS = [name for name, item in SETTINGS.items() if type(item.default) in (str, tuple)]


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
        ("storage", "", "storage: got an empty text, expected a text, such as storage"),
        ("host", " ", "host: got an empty text"),
        ("log_level", "INFO", "did you mean info"),
        ("port", "9" * 400, rf"port: got {'9' * 80}\.\.\., expected 0 to 65535$"),
        ("port", "9" * 5000, rf"port: got '{'9' * 79}\.\.\., expected a whole number, such as 5000$"),
        ("idle", "9" * 400, "idle: got inf s, expected 0 to 3600 s"),
        ("access", "a\0b", r"access: got 'a\\x00b', expected a text without \\0, which no name or path may hold"),
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


def written(tmp_path, text):
    path = tmp_path / "expression.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_file_gives_the_same_settings_with_numbers_as_numbers(tmp_path):
    path = written(tmp_path, 'port = 8000\nidle = 2\nsource = ["door=0", "demo"]\nlog-level = "debug"\n')
    found = load({"config": path}, {})
    assert (found.port, found.idle, found.source, found.log_level) == (8000, 2.0, ("door=0", "demo"), "debug")
    assert isinstance(found.idle, float)
    assert load({}, {"EXPRESSION_CONFIG": path}) == found


def test_command_line_goes_before_environment_before_file_before_defaults(tmp_path):
    path = written(tmp_path, 'port = 1\nmax_viewers = 2\nhost = "::1"\n')
    found = gather({"config": path, "port": "3"}, {"EXPRESSION_PORT": "4", "EXPRESSION_MAX_VIEWERS": "5"})
    values = {name: (found[name].value, found[name].origin) for name in ("port", "max_viewers", "host", "quality")}
    assert values == {
        "port": (3, "command line"),
        "max_viewers": (5, "environment, EXPRESSION_MAX_VIEWERS"),
        "host": ("::1", f"{path}, line 3"),
        "quality": (80, "default"),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n\nprot = 1", r"expression.toml, line 3: prot is no setting; did you mean port\?"),
        ('port = "1"', r"line 1: port: got '1', expected a whole number, such as 5000"),
        ("port = 1.5", "port: got 1.5, expected a whole number"),
        ("port = true", "port: got True, expected a whole number"),
        ("port = 70000", r"line 1: port: got 70000, expected 0 to 65535"),
        ("idle = nan", "idle: got nan s, expected 0 to 3600 s"),
        ("source = [1]", "source: got .1., expected a text or a list of texts, such as auto"),
        ("runtime = 'lightrt'", "did you mean litert"),
        ("max_viewers = 1\nmax-viewers = 2", "line 2: max-viewers is given twice"),
        ("[server]\nport = 1", "line 1: server is no setting"),
        (f"idle = {'9' * 400}", r"line 1: idle: got 9+\.\.\. s, expected 0 to 3600 s"),
        *[(f'{name} = "a\\u0000b"', rf"line 1: {name}: got .*, expected a text without \\0") for name in TEXTS],
        ("port = ", "this is no TOML .* expected lines such as port = 5000"),
        ("port = 1\nport = 2", "this is no TOML"),
    ],
)
def test_a_file_is_refused_with_the_place_and_the_reason(tmp_path, text, message):
    with pytest.raises(SettingError, match=message):
        load({"config": written(tmp_path, text)}, {})


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path):
    with pytest.raises(SettingError, match=r"gone.toml cannot be read \(No such file"):
        load({"config": str(tmp_path / "gone.toml")}, {})
    (tmp_path / "odd.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingError, match="this is no TOML"):
        load({"config": str(tmp_path / "odd.toml")}, {})


def test_an_unknown_variable_may_have_meant_the_file():
    with pytest.raises(SettingError, match="did you mean EXPRESSION_CONFIG"):
        load({}, {"EXPRESSION_CONFIGS": "x"})


@pytest.mark.parametrize(("text", "value"), [("true", True), ("On", True), ("1", True), ("no", False), ("0", False)])
def test_a_switch_is_read_from_the_words_for_it(text, value):
    assert parse("insecure_public", text) is value


def test_a_switch_takes_no_other_words():
    with pytest.raises(SettingError, match="insecure_public: got 'maybe', expected true or false, such as false"):
        parse("insecure_public", "maybe")


@pytest.fixture
def parser():
    made = argparse.ArgumentParser(prog="main.py", allow_abbrev=False)
    add_options(made)
    return made


def test_a_switch_needs_no_word_on_the_command_line(parser):
    assert load(vars(parse_options(parser, ["--insecure-public", "--port", "1"])), {}).insecure_public
    assert not load(vars(parse_options(parser, ["--insecure-public=false"])), {}).insecure_public


@pytest.mark.parametrize("unknown", ["--prot", "--prot=5", "--por"])
def test_an_unknown_option_is_refused_with_the_nearest_name(parser, unknown, capsys):
    with pytest.raises(SystemExit) as ended:
        parse_options(parser, [unknown])
    assert ended.value.code == 2
    assert "is no option; did you mean --port?" in capsys.readouterr().err


def test_a_list_from_the_command_line_is_checked_like_any_other():
    with pytest.raises(SettingError, match=r"source: got \('a\\x00b',\), expected a text without"):
        load({"source": ["a\0b"]}, {})
