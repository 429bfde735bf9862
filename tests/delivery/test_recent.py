from delivery.recent import REMEMBER_FOR, Recent


def test_an_item_is_remembered_for_its_time_from_when_it_was_added_last(monkeypatch):
    now = [10.0]
    monkeypatch.setattr("delivery.recent.time.monotonic", lambda: now[0])
    recent: Recent[str] = Recent()
    assert recent.items == set()
    recent.add("once")
    recent.add("again")
    now[0] += REMEMBER_FOR - 1
    recent.add("again")
    assert recent.items == {"once", "again"}
    now[0] += 1
    assert recent.items == {"again"}
    now[0] += REMEMBER_FOR
    assert recent.items == set()
