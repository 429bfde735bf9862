import time

import pytest

from access import sessions
from access.sessions import LIFETIME, Ended, Session, sign, verify

KEY = "k" * 64


def test_a_cookie_names_its_grant_generation_end_and_an_id_of_its_own():
    before = time.time()
    one, other = (verify(sign("g", 3, KEY), KEY) for _ in range(2))
    assert (one.grant, one.generation) == ("g", 3)
    assert len(one.id) == 16
    assert one.id != other.id
    assert before - 1 <= one.until - LIFETIME <= time.time() + 1


def test_a_cookie_that_was_signed_otherwise_or_is_none_is_nobodys(monkeypatch):
    value = sign("g", 0, KEY)
    assert verify(value, "o" * 64) is None
    assert verify(value[:-1], KEY) is None
    assert verify("", KEY) is None
    monkeypatch.setattr(sessions, "SALT", "session 3")
    assert verify(value, KEY) is None


@pytest.mark.parametrize(("later", "holds"), [(LIFETIME - 60, True), (LIFETIME + 60, False)])
def test_a_cookie_holds_for_a_week(monkeypatch, later, holds):
    value, then = sign("g", 0, KEY), time.time()
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: then + later)
    assert (verify(value, KEY) is not None) == holds


def session(name: str, generation: int = 0, until: float = 100.0) -> Session:
    return Session("g", generation, name, until)


def test_a_session_that_ended_is_not_spared_and_the_others_are(monkeypatch):
    monkeypatch.setattr("access.sessions.time.time", lambda: 50.0)
    ended = Ended(2).with_session(session("a", 2))
    assert [ended.allows(session(name, number)) for name, number in (("a", 2), ("b", 2), ("b", 1), ("b", 3))] == [
        False,
        True,
        False,
        False,
    ]
    assert (ended.generation, dict(ended.ids)) == (2, {"a": 100.0})


def test_all_sessions_end_at_once_and_later_ones_are_spared():
    ended = Ended(2, {"a": 100.0}).with_all()
    assert (ended.generation, dict(ended.ids)) == (3, {})
    assert not ended.allows(session("b", 2))
    assert ended.allows(session("b", 3))


def test_what_has_expired_is_forgotten_and_of_too_many_all_end(monkeypatch):
    monkeypatch.setattr("access.sessions.time.time", lambda: 100.0)
    monkeypatch.setattr(sessions, "MOST_ENDED", 2)
    ended = Ended(0, {"old": 100.0, "new": 101.0}).with_session(session("one", until=102.0))
    assert dict(ended.ids) == {"new": 101.0, "one": 102.0}
    assert ended.with_session(session("more", until=103.0)) == Ended(1)
