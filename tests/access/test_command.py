import io
import time

import pytest

from access.command import main
from access.guard import Guard
from access.register import Register
from access.sessions import Session

PASSWORD = "correct horse battery"


class Input(io.StringIO):
    """What somebody types, at a terminal or not."""

    def __init__(self, typed: str, terminal: bool) -> None:
        super().__init__(typed)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture
def ask(tmp_path, capsys, monkeypatch):
    """Runs the command on an access file of its own; its exit status, and what it writes to both outputs."""
    monkeypatch.delenv("EXPRESSION_CONFIG", raising=False)

    def asked(*words: str, typed: str = "", terminal: bool = False) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", Input(typed, terminal))
        status = main([*words, "--access", str(tmp_path / "access.json")])
        return (status, *capsys.readouterr())

    asked.register = Register(tmp_path / "access.json")
    return asked


def test_a_token_is_written_by_itself_and_opens_what_was_granted(ask, tmp_path):
    status, written, output = ask("add", "ann", "--role", "analyse")
    assert (status, output) == (
        0,
        "ann may analyse. The token below is shown only now; it opens the page and the API alike:\n",
    )
    identity = Guard(tmp_path / "access.json").by_token(written.strip())
    assert (identity.name, identity.role) == ("ann", "analyse")


def test_a_password_is_read_from_the_first_line_and_not_written(ask, tmp_path):
    status, written, output = ask("add", "ben", "--role", "watch", "--password", typed=f"{PASSWORD}\r\nmore\n")
    assert (status, written, output) == (0, "", "ben may watch. The page asks for the name and the password.\n")
    assert Guard(tmp_path / "access.json").by_password("ben", PASSWORD).role == "watch"


@pytest.mark.parametrize(("second", "status"), [(PASSWORD, 0), ("correct mouse battery", 2)])
def test_at_a_terminal_a_password_is_asked_for_twice(ask, monkeypatch, second, status):
    asked, answers = [], iter([PASSWORD, second])

    def getpass(words: str) -> str:
        asked.append(words)
        return next(answers)

    monkeypatch.setattr("getpass.getpass", getpass)
    got, _, output = ask("add", "ben", "--role", "watch", "--password", terminal=True)
    assert asked == ["Password for ben: ", "Once more: "]
    assert got == status
    assert ("the two are not the same; try again" in output) == bool(status)
    assert ask.register.on != bool(status)


def test_those_who_may_come_in_are_listed_by_name(ask):
    assert ask("list") == (
        0,
        "",
        f"{ask.register.path} is not there: whoever is at this machine may do everything, others nothing.\n",
    )
    ask("add", "ben", "--role", "watch", "--password", typed=PASSWORD)
    ask("add", "ann", "--role", "operate")
    status, written, output = ask("list")
    since = time.strftime("%Y-%m-%d", time.gmtime())
    first, second = (line.split("\t") for line in written.splitlines())
    assert (status, output) == (0, "")
    assert (first[:3], second[:3]) == (["ann", "operate", "token"], ["ben", "watch", "password"])
    assert first[3].startswith(f"since {since} ")
    assert first[3].endswith(" UTC")


def test_who_is_revoked_may_come_in_no_more(ask):
    ask("add", "ann", "--role", "watch")
    assert ask("revoke", "ann") == (0, "", "ann may come in no more; open streams end within seconds.\n")
    assert ask.register.contents().grants == {}
    assert ask("list") == (0, "", "Nobody may come in.\n")


def test_who_is_logged_out_may_come_in_again(ask):
    ask("add", "ann", "--role", "watch")
    status, written, output = ask("logout", "ann")
    assert (status, written) == (0, "")
    assert output.startswith("ann is logged out everywhere, and may log in again with the same token. ")
    (grant,) = ask.register.contents().grants.values()
    assert not ask.register.contents().is_open(Session(grant.id, 0, "one", time.time() + 100))


def test_what_cannot_be_done_is_told_with_status_2(ask):
    ask("add", "ann", "--role", "watch")
    assert ask("revoke", "eve") == (2, "", "main.py access: there is nobody called 'eve'; there is: ann\n")


@pytest.mark.parametrize("words", [[], ["add", "ann"], ["add", "--role", "watch"], ["add", "ann", "--role", "king"]])
def test_a_command_that_lacks_something_is_refused(words, capsys):
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert "usage: main.py access" in capsys.readouterr().err
