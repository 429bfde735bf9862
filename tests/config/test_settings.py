from pathlib import Path

import pytest

from config.loader import parse
from config.settings import SETTINGS, describe, option, variable

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "settings.md"


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_is_documented_with_its_default(name):
    default = SETTINGS[name].default
    default = default[0] if isinstance(default, tuple) else default
    default = str(default).lower() if isinstance(default, bool) else default if default != "" else "none"
    row = next(
        line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{option(name)}`")
    )
    assert f"`{variable(name)}`" in row
    assert f"`{default}`" in row


@pytest.mark.parametrize("name", SETTINGS)
def test_every_default_is_within_its_own_bounds(name):
    default = SETTINGS[name].default
    if not isinstance(default, tuple):
        assert parse(name, str(default)) == default
    assert "default" in describe(name)
