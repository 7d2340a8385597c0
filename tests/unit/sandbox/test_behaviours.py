"""The table of behaviours: who chooses which row, and that each row can be played."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.behaviours import BY_NAME, CASES, MAILED, Answer, Behaviour, case_for
from sandbox.providers.whatsapp_cloud import HTTP_STATUS, TITLES
from sandbox.sendgrid import WORDS as SENDGRID_WORDS
from sandbox.table import rows
from sandbox.twilio import TITLES as TWILIO_TITLES
from sandbox.twilio import WORDS as TWILIO_WORDS

DOCS = Path(__file__).resolve().parents[3] / "docs" / "sandbox.md"
META_STATUSES = {"sent", "delivered", "read", "failed"}


@pytest.mark.parametrize(
    ("recipient", "name"),
    [
        ("+15550000002", "not-on-whatsapp"),
        ("15550000002", "not-on-whatsapp"),
        ("+15550009999", "delivered"),
        ("hard-bounce@example.com", "hard-bounce"),
        ("Hard-Bounce+42@example.com", "hard-bounce"),
        ("ada@example.com", "delivered"),
        ("0002@example.com", "delivered"),
    ],
)
def test_recipient_chooses(recipient: str, name: str) -> None:
    """A phone's last four digits choose a row, an e-mail its local part, others the default."""
    assert case_for(recipient).name == name


def test_rows_are_distinct() -> None:
    """Every row has four digits and a name of its own."""
    assert all(len(digits) == 4 and digits.isdigit() for digits in CASES)
    assert len(BY_NAME) == len(CASES) + 1


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_providers_know_the_words(name: str) -> None:
    """Every status that a row tells is one that its channel's provider has a word for."""
    case = BY_NAME[name]
    assert set(case.whatsapp.statuses) <= META_STATUSES
    assert set(case.sms.statuses) <= set(TWILIO_WORDS)
    assert set(case.email.statuses) <= set(SENDGRID_WORDS)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_codes_go_with_failures(name: str) -> None:
    """A row has a code exactly where it refuses or fails."""
    for channel in ("whatsapp", "sms", "email"):
        behaviour = BY_NAME[name].on(channel)
        fails = behaviour.answer is Answer.REFUSE or "failed" in behaviour.statuses
        assert bool(behaviour.code) == fails


def test_refusals_have_words() -> None:
    """Every code with which an API refuses has words of its own."""
    refusing = [case.on(channel) for case in CASES.values() for channel in ("whatsapp", "sms")]
    codes = {row.code for row in refusing if row.answer is Answer.REFUSE}
    assert codes <= set(TITLES) | set(TWILIO_TITLES)
    assert set(HTTP_STATUS) <= set(TITLES)


def test_words_of_a_behaviour() -> None:
    """A behaviour says itself in the words of the documented table."""
    assert str(MAILED) == "accepts it, then delivered"
    assert str(Behaviour(statuses=(), reply="Hi")) == (
        "accepts it, then silence, then the recipient writes 'Hi'"
    )


def test_documentation_shows_the_table() -> None:
    """docs/sandbox.md holds the table exactly as `python -m sandbox.table` prints it."""
    assert "\n".join(rows()) in DOCS.read_text()
