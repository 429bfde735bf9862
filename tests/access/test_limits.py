import time
from contextlib import ExitStack, suppress

import pytest

from access import counters
from access.limits import Attempts, Limit, RateLimiter, TooMany, network

THREE = Limit("try", 3, 60)


@pytest.fixture
def now(monkeypatch):
    clock = [time.time()]
    monkeypatch.setattr("time.time", lambda: clock[0])
    return clock


def wait(limiter: RateLimiter, client: str = "a", limit: Limit = THREE, amount: int = 0) -> int:
    """Seconds to wait; 0 where it was let through."""
    try:
        limiter.take_whole(limit, client, amount) if amount else limiter.take(limit, client)
    except TooMany as refused:
        return refused.wait
    return 0


def test_a_client_has_as_many_as_there_may_be_and_the_next_when_the_first_is_over(now):
    limiter = RateLimiter()
    for _ in range(3):
        assert wait(limiter) == 0
        now[0] += 10
    assert wait(limiter) == 30
    assert wait(limiter, "b") == wait(limiter, limit=Limit("other", 1, 9)) == 0, "they have their own"
    now[0] += 29.5
    assert wait(limiter) == 1, "a second at least"
    now[0] += 1
    assert [wait(limiter), wait(limiter)] == [0, 10]


def test_what_comes_at_one_stroke_is_owed_and_paid_for_by_time(now):
    limiter = RateLimiter()
    assert wait(limiter, amount=3) == 0
    assert wait(limiter, amount=1) == 0, "owed"
    assert [wait(limiter), wait(limiter, amount=1)] == [20, 20]
    now[0] += 19.5
    assert wait(limiter) == 1
    now[0] += 1
    assert wait(limiter) == 40, "nothing is owed any more, and the three still count"
    assert wait(limiter, "b", amount=7) == 0
    assert wait(limiter, "b") == 140


def test_what_is_given_back_can_be_taken_again_and_no_more(now):
    limiter = RateLimiter()
    give_back = limiter.take(THREE, "a")
    assert [wait(limiter) for _ in range(3)] == [0, 0, 60]
    give_back()
    assert [wait(limiter) for _ in range(2)] == [0, 60]


def test_the_client_who_came_longest_ago_is_forgotten(now, monkeypatch):
    monkeypatch.setattr(counters, "MOST_CLIENTS", 2)
    limiter, once = RateLimiter(), Limit("once", 1, 60)
    for client in ("a", "b", "a", "c"):
        wait(limiter, client, once)
    assert wait(limiter, "a", once) == 60
    assert wait(limiter, "b", once) == 0, "it has all again"


def test_the_wait_is_told_in_whole_seconds():
    refused = TooMany(1.2)
    assert (refused.wait, str(refused)) == (2, "Too many attempts; try again in 2 s.")


def tried(attempts: Attempts, address: str, failed: bool = True) -> int:
    """Seconds to wait; 0 where there was an attempt."""
    try:
        with attempts.begin(address) as attempt:
            attempt.failed = failed
    except TooMany as refused:
        return refused.wait
    return 0


def test_an_address_has_five_attempts_that_fail_in_five_minutes(now):
    attempts = Attempts(RateLimiter())
    for _ in range(5):
        assert tried(attempts, "1.2.3.4") == 0
        now[0] += 10
    assert tried(attempts, "1.2.3.4") == 250
    now[0] += 251
    assert [tried(attempts, "1.2.3.4") for _ in range(2)] == [0, 9]


def test_all_together_have_fifty_in_a_hundred_seconds(now):
    attempts = Attempts(RateLimiter())
    assert [tried(attempts, f"1.2.3.{number}") for number in range(51)] == [0] * 50 + [100]
    assert [tried(attempts, "1.2.3.50") for _ in range(7)] == [100] * 7
    now[0] += 101
    waits = [tried(attempts, "1.2.3.50") for _ in range(6)]
    assert waits == [0] * 5 + [300], "who was sent away for the others' sake has lost nothing of their own"


def test_who_has_used_up_their_own_attempts_takes_none_from_the_others(now):
    attempts = Attempts(RateLimiter())
    assert [tried(attempts, "1.2.3.4") for _ in range(60)] == [0] * 5 + [300] * 55
    assert [tried(attempts, f"1.2.4.{number}") for number in range(46)] == [0] * 45 + [100]


def test_attempts_that_do_not_fail_or_break_off_do_not_count(now):
    attempts = Attempts(RateLimiter())
    assert [tried(attempts, "1.2.3.4", failed=False) for _ in range(70)] == [0] * 70
    for _ in range(7):
        with suppress(OSError), attempts.begin("1.2.3.4"):
            raise OSError
    assert [tried(attempts, "1.2.3.4") for _ in range(6)] == [0] * 5 + [300]


def test_a_household_shares_its_attempts(now):
    attempts = Attempts(RateLimiter())
    waits = [tried(attempts, f"2001:db8:1:2::{number}") for number in range(6)]
    assert (waits, tried(attempts, "2001:db8:1:3::1")) == ([0] * 5 + [300], 0)


def test_six_may_be_under_way_and_the_next_waits_a_second(now):
    attempts = Attempts(RateLimiter())
    with ExitStack() as others:
        for number in range(5):
            others.enter_context(attempts.begin(f"1.2.3.{number}"))
        with attempts.begin("1.2.3.5"):
            assert [tried(attempts, "1.2.3.9") for _ in range(6)] == [1] * 6
        assert [tried(attempts, "1.2.3.9") for _ in range(6)] == [0] * 5 + [300]


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("10.0.0.7", "10.0.0.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.7", "10.0.0.7"),
        ("unix", "unix"),
    ],
)
def test_a_client_is_an_address_or_a_household(address, client):
    assert network(address) == client
