import io
import json
import os
import stat
import threading
from contextlib import ExitStack

import pytest

from access import credentials, sessions
from access.guard import Guard
from access.limits import Attempts, Limit, RateLimiter, TooMany, network
from access.register import Register
from access.roles import ROLES, allows
from errors import AccessError
from main import main
from tests.support.servers.grants import PASSWORD, Grants


@pytest.fixture
def grants(tmp_path):
    return Grants(tmp_path)


def test_each_role_may_do_what_the_ones_before_may():
    table = {(held, needed): allows(held, needed) for held in ROLES for needed in ROLES}
    assert [pair for pair, allowed in table.items() if not allowed] == [
        ("watch", "analyse"),
        ("watch", "operate"),
        ("analyse", "operate"),
    ]


def test_the_file_is_its_owners_alone_and_holds_no_token_and_no_password(grants):
    grants.add_ben()
    text = grants.path.read_text()
    assert stat.S_IMODE(grants.path.stat().st_mode) == 0o600
    assert PASSWORD not in text
    assert all(token.split("_", 2)[2] not in text for token in grants.tokens.values())
    assert "scrypt:32768:8:1$" in text


def test_a_file_that_others_can_read_is_refused(grants):
    grants.path.chmod(0o644)
    with pytest.raises(AccessError, match=r"others can read or write it .*chmod 600"):
        Register(grants.path).contents()


@pytest.mark.parametrize("text", ["", "[]", '{"grants": [], "key": "short"}', '{"key": "%s"}' % ("0" * 64)])
def test_a_damaged_file_lets_nobody_in(grants, text):
    guard = Guard(grants.path)
    assert guard.by_token(grants.tokens["watch"])
    grants.path.write_text(text)
    with pytest.raises(AccessError, match="damaged"):
        guard.by_token(grants.tokens["watch"])


def test_access_control_that_was_on_stays_on_when_its_file_is_gone(grants):
    guard = Guard(grants.path)
    assert guard.on
    grants.path.unlink()
    assert guard.on
    with pytest.raises(AccessError, match="cannot be read"):
        guard.by_token(grants.tokens["watch"])


def test_it_is_off_until_the_first_one_is_let_in(tmp_path):
    guard = Guard(tmp_path / "access.json")
    assert not guard.on
    Register(tmp_path / "access.json").add("anna", "watch")
    assert guard.on


def test_tokens_and_passwords_are_known_and_others_are_not(grants):
    grants.add_ben()
    guard = Guard(grants.path)
    token = grants.tokens["analyse"]
    assert guard.by_token(token).role == "analyse"
    assert guard.by_password("", token).name == "analyse-er"
    assert guard.by_password("ben", PASSWORD).role == "operate"
    for wrong in ("", "x", "expr_", token[:-1], token + "x", token.replace("expr", "other"), f"expr_{'0' * 12}_x"):
        assert guard.by_token(wrong) is None
    for name, password in (("ben", PASSWORD.upper()), ("anna", PASSWORD), ("watch-er", PASSWORD), ("ben", "")):
        assert guard.by_password(name, password) is None


def test_a_cookie_holds_until_its_grant_is_revoked_and_no_longer_than_a_week(grants, monkeypatch):
    guard = Guard(grants.path)
    cookie = guard.cookie(guard.by_token(grants.tokens["watch"]))
    assert guard.by_cookie(cookie).name == "watch-er"
    assert guard.by_cookie(cookie[:-2] + "xx") is None
    assert guard.by_cookie(sessions.sign(guard.by_cookie(cookie).grant, 0, "0" * 64)) is None, "signed by another key"
    monkeypatch.setattr(sessions, "LIFETIME", -1)
    assert guard.by_cookie(cookie) is None
    monkeypatch.undo()
    grants.register.revoke("watch-er")
    assert guard.by_cookie(cookie) is None


def test_secrets_are_compared_in_constant_time(grants, monkeypatch):
    compared = []
    monkeypatch.setattr(credentials.hmac, "compare_digest", lambda a, b: compared.append((a, b)) or a == b)
    guard = Guard(grants.path)
    assert guard.by_token(grants.tokens["watch"])
    assert not guard.by_token(grants.tokens["watch"] + "x")
    assert len(compared) == 2
    guard.by_password("nobody", PASSWORD)
    assert len(compared) == 3, "for an unknown name a password is hashed and compared, too"


def test_changes_by_several_at_once_are_all_kept(tmp_path):
    threads = [
        threading.Thread(target=Register(tmp_path / "access.json").add, args=(f"person-{number}", "watch"))
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Register(tmp_path / "access.json").contents().grants) == 8
    assert len(os.listdir(tmp_path)) == 2, "the file and its lock"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda register: register.add("watch-er", "watch"), "'watch-er' is there already"),
        (lambda register: register.add("a b", "watch"), "the name 'a b'"),
        (lambda register: register.add("carl", "root"), "the role 'root'"),
        (lambda register: register.add("carl", "watch", "short"), "a password of 5 letters, expected 10 to 200"),
        (lambda register: register.revoke("carl"), "nobody called 'carl'; there is: analyse-er, operate-er"),
    ],
)
def test_a_change_that_makes_no_sense_is_told_and_changes_nothing(grants, change, words):
    before = grants.path.read_bytes()
    with pytest.raises(AccessError, match=words):
        change(grants.register)
    assert grants.path.read_bytes() == before
    assert len(list(grants.path.parent.iterdir())) == 2


class Few(Attempts):
    EACH = Limit("log-in", 3, 180)
    ALL = Limit("log-ins", 5, 10)


@pytest.fixture(params=["in memory", "in Redis"])
def limiter(request):
    if request.param == "in memory":
        return RateLimiter()
    request.getfixturevalue("redis")  # empties it
    return RateLimiter(request.getfixturevalue("redis_process").url)


def fail(attempts, address):
    """Seconds that an address must wait; where it need not, an attempt of it fails."""
    try:
        with attempts.begin(address) as attempt:
            attempt.failed = True
    except TooMany as many:
        return many.wait
    return 0


@pytest.fixture
def now(monkeypatch):
    """A clock that the test turns, by its only item."""
    now = [1_800_000_000.0]
    monkeypatch.setattr("time.time", lambda: now[0])
    return now


def test_log_ins_are_limited_for_an_address_and_for_all_together(limiter, now):
    attempts = Few(limiter)
    assert [fail(attempts, "192.0.2.1") for _ in range(4)] == [0, 0, 0, 180]
    assert fail(attempts, "192.0.2.2") == 0
    assert fail(attempts, "2001:db8:1:2::1") == 0
    assert [fail(attempts, address) for address in ("2001:db8:1:2::2", "192.0.2.3")] == [10, 10], "five in all"
    now[0] += 10
    assert [fail(attempts, address) for address in ("2001:db8:1:2::2", "192.0.2.3")] == [1, 1], "not yet"
    now[0] += 0.1
    assert [fail(attempts, "2001:db8:1:2::2") for _ in range(3)] == [0, 0, 170], "no try was lost by the refusals"


def test_one_address_never_keeps_the_others_out(limiter):
    attempts = Few(limiter)
    assert [fail(attempts, "192.0.2.1") for _ in range(100)].count(0) == 3
    assert fail(attempts, "192.0.2.2") == 0


def test_log_ins_at_the_same_time_count_before_their_end_and_right_ones_not_after_it(limiter, now):
    attempts = Few(limiter)
    with ExitStack() as under_way:
        first, *_ = (under_way.enter_context(attempts.begin("192.0.2.1")) for _ in range(3))
        assert fail(attempts, "192.0.2.1") == 180
        first.failed = True
    assert [fail(attempts, "192.0.2.1") for _ in range(3)] == [0, 0, 180]


def test_right_log_ins_keep_nobody_out(limiter):
    attempts = Few(limiter)
    for number in range(9):
        with attempts.begin(f"192.0.2.{number}"):
            pass
    assert [fail(attempts, f"192.0.2.{number}") for number in range(5)] == [0] * 5


def test_few_log_ins_are_under_way_at_a_time_and_who_is_sent_away_for_that_may_come_again(limiter, now):
    attempts = Attempts(limiter)
    with ExitStack() as under_way:
        for number in range(Attempts.UNDER_WAY):
            under_way.enter_context(attempts.begin(f"192.0.2.{number}")).failed = True
        assert [fail(attempts, "198.51.100.1") for _ in range(100)] == [1] * 100
    assert [fail(attempts, "198.51.100.1") for _ in range(6)] == [0] * 5 + [300]


def test_a_log_in_that_cannot_be_looked_at_does_not_count(grants):
    guard = Guard(grants.path)
    assert guard.on
    grants.path.write_text("damaged")
    for _ in range(10):
        with pytest.raises(AccessError, match="damaged"):
            guard.log_in("192.0.2.1", "ben", PASSWORD)


def test_a_household_is_one_client():
    assert network("2001:db8:1:2::1") == network("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert network("::ffff:192.0.2.1") == network("192.0.2.1") == "192.0.2.1"


def test_what_was_taken_comes_back_when_its_time_has_passed(limiter, now):
    attempts = Few(limiter)
    waits = []
    for _ in range(5):
        waits.append(fail(attempts, "192.0.2.1"))
        now[0] += 50
    assert waits == [0, 0, 0, 30, 0]
    assert [fail(attempts, "192.0.2.1") for _ in range(2)] == [0, 30]


def test_the_command_line_makes_lists_and_revokes(tmp_path, capfd, monkeypatch):
    def access(*arguments):
        status = main(["access", *arguments, "--access", str(tmp_path / "access.json")])
        return status, *capfd.readouterr()

    assert "whoever is at this machine may do everything" in access("list")[2]
    token = access("add", "anna", "--role", "watch")[1].strip()
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    access("add", "ben", "--role", "operate", "--password")
    guard = Guard(tmp_path / "access.json")
    assert guard.by_token(token).name == "anna"
    assert guard.by_password("ben", PASSWORD)
    lines = [line.split("\t")[:3] for line in access("list")[1].splitlines()]
    assert lines == [["anna", "watch", "token"], ["ben", "operate", "password"]]
    assert access("revoke", "anna")[0] == 0
    assert guard.by_token(token) is None
    status, _, output = access("revoke", "anna")
    assert status == 2
    assert "there is nobody called 'anna'" in output
    assert len(json.loads((tmp_path / "access.json").read_text())["grants"]) == 1
