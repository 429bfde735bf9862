"""The lock files hold what requirements*.txt pin, and the SHA-256 of every file that may be taken."""

import re

import pytest

from tests.support.servers.servers import ROOT

PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)", re.MULTILINE)
HASHED = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def pins(name: str) -> dict[str, str]:
    """Versions by package, with the files that a requirements file begins with."""
    text = (ROOT / name).read_text(encoding="utf-8")
    before = [found for other in re.findall(r"^-r (\S+)", text, re.MULTILINE) for found in pins(other).items()]
    return {**dict(before), **{package.lower(): version for package, version in PIN.findall(text)}}


@pytest.mark.parametrize("name", ["requirements-serve", "requirements", "requirements-dev"])
def test_every_pin_is_locked_with_its_hashes(name):
    text = (ROOT / f"{name}.lock").read_text(encoding="utf-8")
    assert pins(f"{name}.txt").items() <= pins(f"{name}.lock").items(), "run make lock after a change of the pins"
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) > 20
    assert all(HASHED.search(entry) for entry in entries)


def test_the_larger_sets_hold_the_smaller_ones():
    serve, run, dev = (pins(f"{name}.lock") for name in ("requirements-serve", "requirements", "requirements-dev"))
    assert serve.items() <= run.items() <= dev.items()


def test_a_server_needs_no_tensorflow():
    heavy = {"tensorflow", "tensorflow-cpu", "keras", "matplotlib", "pytest"}
    assert heavy.isdisjoint(pins("requirements-serve.lock"))
    assert heavy - {"pytest", "keras"} <= pins("requirements.lock").keys()


def test_who_opens_requirements_sees_the_five_given_packages():
    named = dict(PIN.findall((ROOT / "requirements.txt").read_text(encoding="utf-8")))
    given = {"flask", "tensorflow", "opencv-python-headless", "numpy", "gunicorn"}
    assert given <= named.keys()
    assert {name: named[name] for name in given - {"tensorflow"}}.items() <= pins("requirements-serve.txt").items()


def test_the_detectors_package_is_pinned_with_its_hash_and_installed_without_tensorflow():
    text = (ROOT / "requirements-detector.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert [bool(PIN.match(line) and HASHED.search(line)) for line in lines] == [True]
    setup = (ROOT / "scripts" / "setup.sh").read_text(encoding="utf-8")
    assert '[ "$1" != requirements-detector.txt ] || alone=--no-deps' in setup
