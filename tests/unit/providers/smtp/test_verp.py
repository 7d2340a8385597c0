"""Envelope senders that name the attempt, and what reports are asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.contracts.identifiers import attempt_tag
from herald.contracts.vocabulary import Lane
from herald.providers.smtp.account import SmtpAccount, SmtpSecrets
from herald.providers.smtp.envelopes import Envelope, envelope_of, from_xtext, xtext
from herald.providers.smtp.verp import bounce_address, is_bounce_address, tag_of
from unit.channel_email.making import ATTEMPT, TO, work
from unit.channel_email.test_attachments import rendered

KEY, OTHER = b"bounce-key", b"another-key"
BASE = "bounces@b.example.com"


@given(
    message=st.uuids(),
    step=st.integers(1, 24),
    number=st.integers(1, 99),
    lane=st.sampled_from(Lane),
)
def test_an_address_names_its_attempt(message: object, step: int, number: int, lane: Lane) -> None:
    """Attempt and lane come back, also in capitals; the local part keeps to 64 characters."""
    tag = attempt_tag(f"{message}.{step}.{number}", lane)
    for base in (BASE, "twelve.chars@b.example.com"):
        address = bounce_address(base, tag, KEY)
        assert len(address.partition("@")[0]) <= 64
        assert tag_of(address, [OTHER, KEY]) == tag_of(address.upper(), [KEY]) == tag


def test_a_made_up_address_names_nothing() -> None:
    """Without the key nobody can name an attempt: a changed one is known."""
    address = bounce_address(BASE, ATTEMPT, KEY)
    assert is_bounce_address(address)
    assert tag_of(address, [OTHER]) is None
    assert tag_of(address, []) is None
    assert tag_of(address.replace("-1-", "-2-").replace("-0-", "-3-"), [KEY]) is None
    for other in ("bounces@b.example.com", "ada+news@example.com", "", "@", address + "@x"):
        assert not is_bounce_address(other)
        assert tag_of(other, [KEY]) is None


def envelope(**options: object) -> Envelope:
    account = SmtpAccount.model_validate({"provider": "smtp", "host": "relay", **options})
    secrets = SmtpSecrets.model_validate({"bounce_keys": [KEY.decode(), OTHER.decode()]})
    return envelope_of(account, secrets, work(), rendered([], [], text="x"))


def test_the_envelope() -> None:
    """By default a mail comes from its sender and asks for nothing; each option changes one."""
    plain = envelope()
    assert (plain.sender, plain.recipient, plain.dsn) == ("no-reply@example.com", TO, None)
    assert list(plain.mail_options(offers_dsn=True)) == []
    assert envelope(bounce_address=BASE).sender == bounce_address(BASE, ATTEMPT, KEY)
    asking = envelope(dsn=True)
    assert list(asking.mail_options(offers_dsn=True)) == ["RET=HDRS", f"ENVID={ATTEMPT}"]
    assert list(asking.rcpt_options(offers_dsn=True)) == [
        "NOTIFY=SUCCESS,DELAY,FAILURE",
        f"ORCPT=rfc822;{TO}",
    ]
    assert list(asking.mail_options(offers_dsn=False)) == []
    assert list(asking.rcpt_options(offers_dsn=False)) == []


def test_addresses_outside_ascii() -> None:
    """They go with SMTPUTF8, and without an ORCPT, which can't hold them."""
    strange = Envelope(sender="a@x.example", recipient="ä@x.example", dsn="1")
    assert list(strange.mail_options(offers_dsn=True)) == ["SMTPUTF8", "RET=HDRS", "ENVID=1"]
    assert list(strange.rcpt_options(offers_dsn=True)) == ["NOTIFY=SUCCESS,DELAY,FAILURE"]


@given(st.text(st.characters(max_codepoint=126)))
def test_xtext(text: str) -> None:
    """A text comes back as it was, and what stands on the wire has no blank and no `=`."""
    written = xtext(text)
    assert from_xtext(written) == text
    assert not set(written) & set(" =\r\n\t")


@pytest.mark.parametrize("text", ["+", "+Z", "+1", "a+zz", "++", "+-1", "+ 1x", "1+_"])
def test_broken_xtext(text: str) -> None:
    """What is no xtext stays as it is."""
    assert from_xtext(text) == text


@pytest.mark.parametrize("address", ["bounces", "b+x@example.com", "thirteen.chrs@example.com"])
def test_a_wrong_bounce_address(address: str) -> None:
    """An address without room for the attempt, or with a `+`, is an error of the configuration."""
    with pytest.raises(ValueError, match="bounce_address"):
        envelope(bounce_address=address)


def test_a_bounce_address_needs_a_key() -> None:
    """Without a key the account's secrets are incomplete, and the error says so."""
    account = SmtpAccount.model_validate(
        {"provider": "smtp", "host": "relay", "bounce_address": BASE}
    )
    assert list(account.secrets_problems(SmtpSecrets())) == [
        "bounce_keys: bounce_address needs one"
    ]
