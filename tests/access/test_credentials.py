import hashlib

import pytest

from access.credentials import (
    LONGEST,
    SHORTEST,
    grant_of,
    hash_password,
    hash_token,
    new_token,
    verify_password,
    verify_token,
)
from errors import AccessError


def test_a_token_names_its_grant_and_no_two_are_the_same():
    one, other = new_token("ab12"), new_token("ab12")
    assert one != other
    assert one.startswith("expr_ab12_")
    assert len(one) == len("expr_ab12_") + 43
    assert grant_of(one) == "ab12"


@pytest.mark.parametrize("token", ["", "expr", "expr_ab12", "key_ab12_secret", "secret"])
def test_what_is_no_token_names_no_grant(token):
    assert grant_of(token) == ""


def test_a_secret_may_hold_what_parts_a_token():
    assert grant_of("expr_ab12_one_two_three") == "ab12"


def test_a_verify_token_its_hash_and_no_other_does():
    kept = hash_token("expr_a_b")
    assert kept == hashlib.sha256(b"expr_a_b").hexdigest()
    assert verify_token("expr_a_b", kept)
    assert not verify_token("expr_a_c", kept)


def test_a_verify_password_its_hash_which_has_a_salt_of_its_own():
    kept = hash_password("correct horse")
    assert kept.startswith("scrypt:32768:8:1$")
    assert verify_password("correct horse", kept)
    assert not verify_password("correct mouse", kept)
    assert not verify_password("correct horse", None)
    assert hash_password("correct horse") != kept


@pytest.mark.parametrize("letters", [SHORTEST - 1, LONGEST + 1])
def test_a_password_too_short_or_too_long_is_refused(letters):
    with pytest.raises(AccessError, match=f"a password of {letters} letters, expected 10 to 200"):
        hash_password("x" * letters)


@pytest.mark.parametrize("letters", [SHORTEST, LONGEST])
def test_the_shortest_and_the_longest_password_are_taken(letters):
    assert verify_password("x" * letters, hash_password("x" * letters))
