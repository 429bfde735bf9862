import threading

import pytest

from media.limits.admission import Admission, Overloaded
from tests.support.waiting import until


def holding(turns, count):
    """So many threads that hold or wait for a turn until they are let go, and how many have one."""
    inside, go = [], threading.Event()

    def hold():
        with turns.admit():
            inside.append(None)
            go.wait(30)

    threads = [threading.Thread(target=hold) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, inside, go


def test_some_work_some_wait_and_one_more_is_refused_at_once():
    turns = Admission(at_once=2, waiting=3, timeout=30)
    threads, inside, go = holding(turns, 5)
    until(lambda: len(inside) == 2 and turns._present == 5)
    with pytest.raises(Overloaded, match="5 are working or waiting"), turns.admit():
        pass
    go.set()
    for thread in threads:
        thread.join(30)
    assert len(inside) == 5
    with turns.admit():
        pass


def test_who_waits_in_vain_is_refused_and_leaves_its_place():
    turns = Admission(at_once=1, waiting=1, timeout=0.05)
    with turns.admit():
        for _ in range(3):
            with pytest.raises(Overloaded, match=r"no place became free within 0\.05 s"), turns.admit():
                pass
    with turns.admit():
        pass


def test_a_turn_is_given_back_after_an_error():
    turns = Admission(at_once=1, waiting=0, timeout=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), turns.admit():
            1 / 0  # noqa: B018
