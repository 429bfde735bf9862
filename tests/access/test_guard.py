import pytest

from access import sessions
from access.guard import ANYBODY, Guard
from access.limits import Attempts, Limit, TooMany
from errors import AccessError
from tests.support.servers.grants import PASSWORD, Grants


@pytest.fixture(scope="module")
def grants(tmp_path_factory) -> Grants:
    made = Grants(tmp_path_factory.mktemp("access"))
    made.add_ben()
    return made


@pytest.fixture
def guard(grants, monkeypatch) -> Guard:
    monkeypatch.setattr(Attempts, "EACH", Limit("log-in", 2, 600))
    return Guard(grants.path)


def test_a_token_opens_what_its_grant_may_and_a_wrong_secret_nothing(guard, grants):
    known = guard.by_token(grants.tokens["analyse"])
    assert (known.name, known.role, known.session, known.until) == ("analyse-er", "analyse", None, float("inf"))
    assert known.grant == grants.tokens["analyse"].split("_")[1]
    assert guard.by_token(grants.tokens["analyse"][:-1]) is None
    assert guard.by_token("expr_nobody_secret") is None
    assert guard.by_token("") is None


def test_a_password_opens_by_its_name_only_and_is_no_token(guard, grants):
    assert guard.by_password(" ben ", PASSWORD).name == "ben"
    assert guard.by_password("ben", f"{PASSWORD}.") is None
    assert guard.by_password("watch-er", PASSWORD) is None
    assert guard.by_password("eve", PASSWORD) is None
    ben = guard.register.contents().named("ben")
    assert guard.by_token(f"expr_{ben.id}_{PASSWORD}") is None


def test_a_token_may_stand_in_a_passwords_place_under_any_name(guard, grants):
    token = f" {grants.tokens['watch']}\n"
    assert guard.by_password("", token).name == "watch-er"
    assert guard.log_in("1.2.3.4", "eve", token).name == "watch-er"


def test_log_ins_that_fail_count_and_others_and_tokens_do_not(guard, grants):
    for _ in range(3):
        assert guard.log_in("1.2.3.4", "ben", PASSWORD).name == "ben"
        assert guard.log_in("1.2.3.4", "", "expr_nobody_secret") is None
    for _ in range(2):
        assert guard.log_in("1.2.3.4", "ben", "wrong horse battery") is None
    with pytest.raises(TooMany):
        guard.log_in("1.2.3.4", "ben", PASSWORD)
    assert guard.log_in("1.2.3.4", "", grants.tokens["watch"]).name == "watch-er"
    assert guard.log_in("1.2.3.5", "ben", PASSWORD).name == "ben"


def test_a_cookie_is_known_until_its_log_out_and_that_of_another_log_in_stays(guard, grants):
    watcher = guard.by_token(grants.tokens["watch"])
    one, other = guard.cookie(watcher), guard.cookie(watcher)
    known = guard.by_cookie(one)
    assert (known.grant, known.name, known.role) == (watcher.grant, "watch-er", "watch")
    assert known.until == known.session.until
    assert guard.is_allowed(known)
    guard.log_out(one)
    guard.log_out(one)
    guard.log_out("nonsense")
    assert guard.by_cookie(one) is None
    assert not guard.is_allowed(known)
    assert guard.by_cookie(other).name == "watch-er"
    assert guard.is_allowed(watcher), "a token is no session"


def test_a_cookie_of_a_former_generation_or_of_nobody_is_not_known(guard, grants):
    watcher = guard.by_token(grants.tokens["watch"])
    before = guard.cookie(watcher)
    guard.register.end_all("watch-er")
    assert guard.by_cookie(before) is None
    assert guard.by_cookie(guard.cookie(watcher)).name == "watch-er"
    assert guard.by_cookie(sessions.sign("nobody", 0, guard.register.contents().key)) is None


def test_who_came_without_access_control_is_allowed_until_there_is_some(tmp_path):
    guard = Guard(tmp_path / "access.json")
    assert (guard.on, guard.is_allowed(ANYBODY)) == (False, True)
    _, token = guard.register.add("ann", "watch")
    assert (guard.on, guard.is_allowed(ANYBODY)) == (True, False)
    ann = guard.by_token(token)
    assert guard.is_allowed(ann)
    guard.register.revoke("ann")
    assert not guard.is_allowed(ann)


def test_nobody_is_allowed_while_the_file_cannot_be_used(tmp_path, caplog):
    guard = Guard(tmp_path / "access.json")
    _, token = guard.register.add("ann", "watch")
    ann = guard.by_token(token)
    guard.register.path.chmod(0o644)
    assert not guard.is_allowed(ann)
    assert "others can read or write it" in caplog.text
    with pytest.raises(AccessError):
        guard.by_token(token)
