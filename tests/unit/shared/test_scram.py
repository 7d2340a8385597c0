"""Passwords as PostgreSQL keeps them."""

from __future__ import annotations

import base64
import hmac
import os

import pytest

from herald.database.scram import verifier

# the exchange that RFC 7677 shows in its section 3
PASSWORD, SALT = "pencil", "W22ZaJ0SNY7soEsUEjb6gQ=="
NONCE = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
MESSAGE = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={NONCE},s={SALT},i=4096,c=biws,r={NONCE}"
SIGNATURE = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def test_it_is_what_the_standard_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's key signs the RFC's own exchange as the RFC's server did."""
    monkeypatch.setattr(os, "urandom", lambda _: base64.b64decode(SALT))
    start, _, keys = verifier(PASSWORD).rpartition("$")
    assert start == f"SCRAM-SHA-256$4096:{SALT}"
    server_key = base64.b64decode(keys.partition(":")[2])
    assert hmac.digest(server_key, MESSAGE.encode(), "sha256") == base64.b64decode(SIGNATURE)


def test_it_is_another_each_time_and_holds_no_password() -> None:
    """A salt of its own, so that two roles of one password show nothing of it."""
    assert verifier("pencil") != verifier("pencil")
    assert "pencil" not in verifier("pencil")


@pytest.mark.parametrize("password", ["Zürich", "tab\t"])
def test_characters_that_clients_prepare_differently_are_refused(password: str) -> None:
    """The password is no part of the error."""
    with pytest.raises(ValueError, match="printable ASCII") as caught:
        verifier(password)
    assert password not in str(caught.value)
