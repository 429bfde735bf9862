import json
import stat
import time

import pytest

from access.register import PASSWORD, TOKEN, Register
from access.roles import ROLES, allows
from access.sessions import Session
from errors import AccessError


@pytest.fixture
def register(tmp_path) -> Register:
    return Register(tmp_path / "sub" / "access.json")


def another(register: Register) -> Register:
    """As another process has the same file."""
    return Register(register.path)


def test_who_was_added_is_known_by_name_and_id_to_every_process(register):
    before = time.time()
    ann, token = register.add("ann", "watch")
    ben, password = register.add("ben", "operate", "correct horse")
    assert (ann.name, ann.role, ann.kind, ben.role, ben.kind) == ("ann", "watch", TOKEN, "operate", PASSWORD)
    assert password == "correct horse"
    assert token.split("_")[1] == ann.id
    assert len(ann.id) == 12
    assert before - 0.001 <= ann.created <= time.time()
    contents = another(register).contents()
    assert contents.grants == {ann.id: ann, ben.id: ben}
    assert (contents.named("ann"), contents.named("eve")) == (ann, None)
    assert len(contents.key) == 64


def test_the_key_stays_when_somebody_is_added_or_revoked(register):
    register.add("ann", "watch")
    key = register.contents().key
    register.add("ben", "watch")
    assert register.revoke("ann").name == "ann"
    assert another(register).contents().key == key
    assert [grant.name for grant in another(register).contents().grants.values()] == ["ben"]


def test_a_session_ends_alone_or_with_all_of_its_grant(register):
    ann, _ = register.add("ann", "watch")
    one, other = (Session(ann.id, 0, name, time.time() + 100) for name in ("one", "other"))
    assert register.contents().is_open(one)
    register.end(one)
    contents = another(register).contents()
    assert (contents.is_open(one), contents.is_open(other)) == (False, True)
    assert register.end_all("ann") == ann
    contents = another(register).contents()
    assert not contents.is_open(other)
    assert contents.ended_of(ann.id).generation == 1
    assert contents.is_open(Session(ann.id, 1, "new", time.time() + 100))
    register.revoke("ann")
    contents = another(register).contents()
    assert (contents.grants, contents.ended) == ({}, {})
    assert not contents.is_open(Session(ann.id, 0, "new", time.time() + 100))


def test_the_end_of_a_session_whose_grant_is_gone_is_not_kept(register):
    ann, _ = register.add("ann", "watch")
    register.revoke("ann")
    register.end(Session(ann.id, 0, "one", time.time() + 100))
    assert register.contents().ended == {}


def test_the_file_and_its_lock_are_their_owners_alone_and_no_part_is_left(register):
    register.add("ann", "watch")
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in register.path.parent.iterdir()}
    assert files == {"access.json": 0o600, ".access.json.lock": 0o600}


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o604, 0o602])
def test_a_file_that_others_may_touch_is_refused(register, mode):
    register.add("ann", "watch")
    register.path.chmod(mode)
    with pytest.raises(AccessError, match="others can read or write it"):
        another(register).contents()


@pytest.mark.parametrize(
    "change", [{"key": "k" * 31}, {"key": 7}, {"grants": [{}]}, {"grants": None}, {"ended": {"a": {"ids": {}}}}]
)
def test_a_file_that_is_damaged_is_told(register, change):
    register.add("ann", "watch")
    register.path.write_text(json.dumps({**json.loads(register.path.read_text()), **change}))
    with pytest.raises(AccessError, match="damaged"):
        register.contents()


@pytest.mark.parametrize("change", [{"role": "king"}, {"kind": "face"}])
def test_a_grant_that_makes_no_sense_is_damage(register, change):
    register.add("ann", "watch")
    content = json.loads(register.path.read_text())
    content["grants"][0].update(change)
    register.path.write_text(json.dumps(content))
    with pytest.raises(AccessError, match="damaged"):
        register.contents()


def test_a_change_by_another_process_is_read_and_no_change_is_not(register, monkeypatch):
    register.add("ann", "watch")
    first = register.contents()
    assert register.contents() is first
    another(register).add("ben", "watch")
    assert {grant.name for grant in register.contents().grants.values()} == {"ann", "ben"}


def test_a_change_that_fails_leaves_all_as_it_was(register):
    register.add("ann", "watch")
    before = register.path.read_bytes()
    with pytest.raises(AccessError, match="'ann' is there already"):
        register.add("ann", "operate")
    with pytest.raises(AccessError, match="there is nobody called 'eve'; there is: ann"):
        register.revoke("eve")
    assert register.path.read_bytes() == before


def test_it_is_on_from_the_first_look_at_the_file_and_stays_on(register):
    assert not register.on
    register.add("ann", "watch")
    assert register.on
    register.path.unlink()
    assert register.on
    with pytest.raises(AccessError, match="cannot be read"):
        register.contents()
    assert not another(register).on


def test_a_role_may_do_what_those_before_it_may():
    table = [[allows(held, needed) for needed in ROLES] for held in ROLES]
    assert table == [[True, False, False], [True, True, False], [True, True, True]]
