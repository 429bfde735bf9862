"""Attempts are counted for all processes together over Redis, and by each process while Redis is away."""

import http.client
import json
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from access import counters
from access.limits import Attempts, Limit, RateLimiter, TooMany
from tests.support.servers.clusters import web_of_two
from tests.support.servers.grants import PASSWORD, Grants
from tests.support.servers.redis_server import redis_server
from tests.support.servers.servers import free_port

THREE = Limit("try", 3, 600)


def passed(limiter, tries, client="192.0.2.1"):
    """How many of some tries are let through."""
    through = 0
    for _ in range(tries):
        try:
            limiter.take(THREE, client)
            through += 1
        except TooMany:
            pass
    return through


@pytest.fixture
def later(monkeypatch):
    """Turns the clock to when a Redis that was away is asked again."""
    monkeypatch.setattr(RateLimiter, "PAUSE", 3600.0)
    clock = time.monotonic
    return lambda: monkeypatch.setattr("time.monotonic", lambda: clock() + 3600)


def warnings(caplog):
    return [record.getMessage().split(" (")[0] for record in caplog.records if record.name == "access"]


def test_what_several_processes_let_through_is_the_limit_in_sum(redis, redis_process):
    several = [RateLimiter(redis_process.url) for _ in range(4)]
    assert [passed(limiter, 2) for limiter in several] == [2, 1, 0, 0]
    assert passed(several[3], 9, "192.0.2.2") == 3, "others are let through"


@pytest.mark.parametrize("hangs", [False, True], ids=["killed", "hanging"])
def test_while_redis_is_away_each_process_counts_for_itself_and_then_together_again(caplog, later, hangs):
    with redis_server() as redis:
        one, other = RateLimiter(redis.url), RateLimiter(redis.url)
        assert [passed(one, 2), passed(other, 2)] == [2, 1]
        redis.tell(signal.SIGSTOP) if hangs else redis.kill()
        assert [passed(one, 9), passed(other, 9)] == [3, 3], "nobody is kept out, and nobody gets more than the limit"
        assert warnings(caplog) == ["Redis does not answer"] * 2
        redis.tell(signal.SIGCONT) if hangs else redis.start()
        later()
        assert [passed(one, 2), passed(other, 2)] == ([0, 0] if hangs else [2, 1])
        assert (
            warnings(caplog)[2:]
            == ["Redis answers again; log-ins and files are counted for all processes together"] * 2
        )


def test_a_redis_that_never_was_there_is_told_of_once(caplog, monkeypatch):
    monkeypatch.setattr(RateLimiter, "PAUSE", 0.0)
    assert passed(RateLimiter(f"redis://127.0.0.1:{free_port()}/0"), 9) == 3
    assert warnings(caplog) == ["Redis does not answer"]


def test_what_is_given_back_is_given_back_where_it_was_counted(later):
    with redis_server() as redis:
        limiter = RateLimiter(redis.url)
        give_back_there = limiter.take(THREE, "192.0.2.1")
        redis.kill()
        give_back_here = limiter.take(THREE, "192.0.2.1")
        give_back_there()
        redis.start()
        later()
        assert passed(limiter, 1) == 1
        give_back_here()
        assert passed(limiter, 9) == 2


def test_files_that_are_owed_to_one_process_are_owed_to_all(redis, redis_process):
    one, other = RateLimiter(redis_process.url), RateLimiter(redis_process.url)
    one.take_whole(THREE, "192.0.2.1", 2)
    one.take_whole(THREE, "192.0.2.1", 100)
    for owing in (other.take, lambda *_: other.take_whole(*_, 1)):
        with pytest.raises(TooMany) as refused:
            owing(THREE, "192.0.2.1")
        assert 19_900 < refused.value.wait <= 20_000, "200 s for each of a hundred"
    assert passed(other, 9, "192.0.2.2") == 3


def test_what_is_refused_while_files_are_owed_does_not_count(monkeypatch):
    now, limiter = time.time(), RateLimiter()
    monkeypatch.setattr("time.time", lambda: now)
    limiter.take_whole(THREE, "192.0.2.1", 4)
    now += 799
    assert passed(limiter, 9) == 0
    with pytest.raises(TooMany):
        limiter.take_whole(THREE, "192.0.2.1", 3)
    now += 2
    limiter.take_whole(THREE, "192.0.2.1", 2)
    assert passed(limiter, 9) == 1


def test_a_process_remembers_a_bounded_number_of_clients_and_forgets_those_whose_time_has_passed(monkeypatch):
    now, counter = time.time(), counters.InMemory()
    monkeypatch.setattr("time.time", lambda: now)
    for number in range(counters.MOST_CLIENTS + 500):
        assert counter.take("all", 10_000, 60) == counter.take(str(number), 1, 60) == 0
    assert len(counter.events) == counters.MOST_CLIENTS
    assert counter.take(str(number), 1, 60) == 60
    assert counter.get_moving_window("all", 10_000, 60)[1] == counters.MOST_CLIENTS + 500, "in use, so never forgotten"
    now += 61
    for _ in range(3):
        counter.take("new", 10, 60)
        counter.timer.join()
    counter.give_back(str(number))
    assert list(counter.events) == ["new"]
    assert set(counter.locks) <= {"new"}


def log_in(web, address, password="not the right one"):
    """The answer's status, and the seconds after which to come again."""
    with closing(http.client.HTTPConnection("127.0.0.1", web.port, timeout=60)) as connection:
        headers = {"Content-Type": "application/json", "X-Forwarded-For": address}
        connection.request("POST", "/api/access/login", json.dumps({"name": "ben", "password": password}), headers)
        answer = connection.getresponse()
        return answer.status, int(answer.headers.get("Retry-After", 0))


def test_log_ins_are_limited_in_sum_over_two_servers_of_two_workers(tmp_path, redis, redis_process):
    grants = Grants(tmp_path)
    grants.add_ben()
    env = {"EXPRESSION_ACCESS": str(grants.path), "EXPRESSION_PROXIES": "1"}
    with (
        web_of_two(redis_process, tmp_path, **env) as one,
        web_of_two(redis_process, tmp_path, **env) as other,
        ThreadPoolExecutor(40) as pool,
    ):
        answers = list(pool.map(lambda number: log_in((one, other)[number % 2], "192.0.2.1"), range(40)))
        assert Counter(status for status, _ in answers) == {403: Attempts.EACH.most, 429: 40 - Attempts.EACH.most}
        assert all(0 < wait <= Attempts.EACH.seconds for status, wait in answers if status == 429)
        for web in (one, other):
            for number, worker in enumerate(web.workers()):
                with web.alone(worker):
                    status, wait = log_in(web, "192.0.2.1", PASSWORD)
                    assert status == 429, "this worker has not heard of the others' tries"
                    assert wait > Attempts.MOMENT
                    assert log_in(web, f"192.0.2.{2 + number}", PASSWORD) == (200, 0), "others are let in"
    keys = list(redis.scan_iter("*"))
    limits = [key for key in keys if key.startswith(b"expression:limits:")]
    assert b"expression:limits:log-in:192.0.2.1" in limits
    assert all(0 < redis.ttl(key) <= Attempts.EACH.seconds for key in limits)
    assert all(b"ben" not in key and b"right" not in key and b"horse" not in key for key in keys)
