import socket
from dataclasses import replace
from pathlib import Path

import pytest

from access.exposure import check_exposure, is_every_address, is_loopback, names_of
from access.register import Register
from config.settings import Settings
from errors import SettingError


@pytest.fixture
def settings(tmp_path) -> Settings:
    return replace(Settings(), access=str(tmp_path / "access.json"))


@pytest.mark.parametrize(
    ("host", "here", "every"),
    [
        ("127.0.0.1", True, False),
        ("127.9.9.9", True, False),
        ("::1", True, False),
        ("[::1]", True, False),
        ("::ffff:127.0.0.1", True, False),
        ("LocalHost.", True, False),
        ("10.0.0.7", False, False),
        ("::ffff:10.0.0.7", False, False),
        ("0.0.0.0", False, True),
        ("[::]", False, True),
        ("faces.example", False, False),
        ("", False, True),
    ],
)
def test_a_host_is_known_as_this_machine_or_as_all_its_addresses(host, here, every):
    assert (is_loopback(host), is_every_address(host)) == (here, every)


def test_a_server_for_this_machine_is_called_so_and_one_for_others_by_the_machines_name_too(settings):
    own = socket.gethostname().lower().rstrip(".")
    assert names_of(replace(settings, host="127.0.0.1")) == {"localhost", "127.0.0.1"}
    assert names_of(replace(settings, host="10.0.0.7")) == {"localhost", "10.0.0.7", own, f"{own}.local"}
    assert names_of(replace(settings, host="0.0.0.0")) == {"localhost", own, f"{own}.local"}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Faces.Example.", "faces.example"),
        ("https://faces.example:8443/page", "faces.example"),
        ("faces.example:8443", "faces.example"),
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("2001:db8::1", "2001:db8::1"),
        ("x" * 70, "x" * 70),
    ],
)
def test_a_name_is_known_as_browsers_send_it(settings, given, name):
    assert names_of(replace(settings, host="127.0.0.1", hosts=(given,))) == {"localhost", "127.0.0.1", name}


def test_others_are_let_in_by_a_word_or_by_access_control_only(settings):
    check_exposure("127.0.0.1", settings)
    check_exposure("0.0.0.0", replace(settings, insecure_public=True))
    with pytest.raises(SettingError, match=r"host: 0\.0\.0\.0 can be reached from other machines"):
        check_exposure("0.0.0.0", settings)
    Register(Path(settings.access)).add("ann", "watch")
    check_exposure("0.0.0.0", settings)
