"""Loads settings from the command line, the environment, a file and the defaults, in this order of precedence.

All sources use the same names and are checked alike.
"""

import argparse
import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from config.redaction import without_password
from config.settings import PREFIX, SETTINGS, Settings, describe, option, variable
from errors import SettingError

FILE = f"{PREFIX}CONFIG"
"""The environment variable that names the settings file; `--config` on the command line."""
MAX_SHOWN = 80
"""The most characters of a bad value that an error shows."""
BOOLEANS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True)
class Choice:
    """A setting's value, and a text that says where it comes from."""

    value: Any
    origin: str


def load(options: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """Load the settings of a command line and an environment.

    Args:
        options: text by setting name, as a parser with `add_options` returns it; other names are ignored.
        environment: such as `os.environ`.

    Raises:
        SettingError: an unknown setting in the environment or the file, a bad value anywhere, or a missing file.
    """
    return Settings(**{name: choice.value for name, choice in gather(options, environment).items()})


def gather(options: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Choice]:
    """As `load`, but return every setting by name with its origin."""
    found = {name: Choice(item.default, "default") for name, item in SETTINGS.items()}
    path = options.get("config", environment.get(FILE) or None)
    if path is not None:
        found |= _from_file(Path(path))
    found |= _from_environment(environment)
    for name in SETTINGS.keys() & options.keys():
        value = options[name]
        value = _typed(SETTINGS[name], value) if isinstance(value, list) else parse(name, value)
        found[name] = Choice(value, "command line")
    return found


def parse(name: str, text: str) -> Any:
    """Parse the text of a setting.

    Raises:
        SettingError: the text is not of the setting's type, or the value is out of bounds.
    """
    item = SETTINGS[name]
    kind: type = type(item.default)
    if kind is tuple:
        return tuple(part.strip() for part in text.split(";") if part.strip())
    text = text.strip()
    try:
        value = BOOLEANS[text.lower()] if kind is bool else kind(text)
    except (ValueError, KeyError):
        raise SettingError(f"{name}: got {_shortened(text)}, expected {_expected(item)}") from None
    _check(item, value)
    return value


def _expected(item: Field[Any]) -> str:
    kinds = {int: "a whole number", float: "a number", bool: "true or false", tuple: "a text or a list of texts"}
    example = item.default[0] if isinstance(item.default, tuple) else str(item.default).lower()
    return f"{kinds.get(type(item.default), 'a text')}, such as {example}"


def _shortened(value: Any) -> str:
    """A bad value for an error: shortened, and without the password of an address that was given in the wrong place."""
    text = repr(without_password(value)) if isinstance(value, str) else without_password(repr(value))
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def _check(item: Field[Any], value: Any) -> None:
    low, high, choices = (item.metadata[key] for key in ("low", "high", "choices"))
    if any("\0" in str(part) for part in (value if isinstance(value, tuple) else (value,))):
        raise SettingError(
            f"{item.name}: got {_shortened(value)}, expected a text without \\0, which no name or path may hold"
        )
    if value == "" and item.default != "":
        raise SettingError(f"{item.name}: got an empty text, expected {_expected(item)}")
    if choices and value not in choices:
        raise SettingError(
            f"{item.name}: got {_shortened(value)}, expected one of {', '.join(choices)}{nearest(value, choices)}"
        )
    if low is not None and not low <= value <= high:  # a NaN fails this too
        unit = f" {item.metadata['unit']}" if item.metadata["unit"] else ""
        got = f"{value:g}" if isinstance(value, float) else _shortened(value)
        raise SettingError(f"{item.name}: got {got}{unit}, expected {low:g} to {high:g}{unit}")


def nearest(name: str, known: Sequence[str]) -> str:
    """A "did you mean" suffix with the known name most similar to an unknown one; empty when none is similar."""
    spelt = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), spelt, n=1)
    return f"; did you mean {spelt[near[0]]}?" if near else ""


def _from_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, Choice]]:
    """Yield the settings of the environment; a variable that begins with EXPRESSION_ must name a setting."""
    known = {variable(name): name for name in SETTINGS}
    for key, text in environment.items():
        if not key.startswith(PREFIX) or key == FILE:
            continue
        if key not in known:
            near = nearest(key, [*known, FILE])
            raise SettingError(f"environment: {key} is no setting{near} (main.py --help lists them)")
        try:
            yield known[key], Choice(parse(known[key], text), f"environment, {key}")
        except SettingError as error:
            raise SettingError(f"environment: {error}") from None


def _from_file(path: Path) -> Iterator[tuple[str, Choice]]:
    """Yield the settings of a TOML file, `name = value` each; names may have hyphens as on the command line."""
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except OSError as error:
        raise SettingError(f"config: {path} cannot be read ({error.strerror}); name a file of settings") from None
    except ValueError as error:  # covers decoding errors
        raise SettingError(f"{path}: this is no TOML ({error}); expected lines such as port = 5000") from None
    seen: set[str] = set()
    for key, value in table.items():
        name, place = key.replace("-", "_"), f"{path}{_line_of(key, text)}"
        if name not in SETTINGS or name in seen:
            reason = "is given twice" if name in seen else f"is no setting{nearest(name, list(SETTINGS))}"
            raise SettingError(f"{place}: {key} {reason} (main.py --help lists them)")
        seen.add(name)
        try:
            yield name, Choice(_typed(SETTINGS[name], value), place)
        except SettingError as error:
            raise SettingError(f"{place}: {error}") from None


def _line_of(key: str, text: str) -> str:
    match = re.search(rf"^\s*[\[\"']*{re.escape(key)}[\"'\]]*\s*(=|$)", text, re.MULTILINE)
    return f", line {text.count(chr(10), 0, match.start(1)) + 1}" if match else ""


def _typed(item: Field[Any], value: Any) -> Any:
    """Check a TOML value against the setting's type: a text that looks like a number is no number."""
    kind = type(item.default)
    if kind is tuple:
        value = [value] if isinstance(value, str) else value
        fits = isinstance(value, list) and all(isinstance(part, str) for part in value)
    else:
        fits = type(value) is kind or (kind is float and type(value) is int)
    if not fits:
        raise SettingError(f"{item.name}: got {_shortened(value)}, expected {_expected(item)}")
    value = tuple(value) if kind is tuple else value
    _check(item, value)
    return float(value) if kind is float else value  # only now, since the check excludes integers too large for a float


def check_workers(settings: Settings) -> None:
    """Check that several workers have a Redis server.

    Raises:
        SettingError: several workers without Redis, over which they could show the same camera.
    """
    if settings.workers > 1 and not settings.redis_url:
        reason = f"workers: got {settings.workers} without redis_url, expected 1"
        raise SettingError(f"{reason}: a camera has one owner (docs/scaling.md)")


def add_options(parser: argparse.ArgumentParser, groups: Sequence[str] | None = None) -> None:
    """Add `--config` and an option for every setting (of the named groups, or all) to a parser."""
    config_help = f"file of settings in TOML, such as port = 8000; the environment ({FILE}) may name it as well"
    parser.add_argument("--config", metavar="FILE", default=argparse.SUPPRESS, help=config_help)
    for name, item in SETTINGS.items():
        if groups is not None and item.metadata["group"] not in groups:
            continue
        kind = type(item.default)
        form: dict[str, Any] = {"action": "append"} if kind is tuple else {}
        parser.add_argument(
            option(name),
            default=argparse.SUPPRESS,  # so that an option that was not given leaves the environment's value alone
            metavar=name.upper(),
            help=describe(name).replace("%", "%%"),
            **({"nargs": "?", "const": "true"} if kind is bool else form),
        )


def parse_options(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> argparse.Namespace:
    """Parse a command line; an unknown option ends the program with the name of the most similar one.

    Args:
        parser: made with `allow_abbrev=False`, as are those of its commands, so that an option has one name.
        arguments: the arguments after the program's name.
    """
    command = _command_parser(parser, arguments)
    if command is None:
        return parser.parse_args(arguments)  # its error lists the commands
    known = [name for part in (parser, command) for action in part._actions for name in action.option_strings]
    for name in _long_options(arguments):  # first, since argparse would report missing arguments instead
        if name not in known:
            command.error(f"{name} is no option{nearest(name, known)} (--help lists them)")
    found, unknown = parser.parse_known_args(arguments)
    if unknown:
        name = without_password(unknown[0]).split("=")[0]
        reason = "comes after the command" if name in known else f"is no option{nearest(name, known)}"
        command.error(f"{name} {reason} (--help lists them)")
    return found


def _command_parser(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> argparse.ArgumentParser | None:
    """The parser of the command among the arguments, None when there is none; the parser itself without commands."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return next((action.choices[each] for each in arguments if each in action.choices), None)
    return parser


def _long_options(arguments: Sequence[str]) -> list[str]:
    """The names of the long options among the arguments; argparse takes an argument with a blank for a value."""
    given = takewhile(lambda each: each != "--", arguments)
    names = [each.split("=")[0] for each in given if each.startswith("--")]
    return [name for name in names if " " not in name]
