"""The table of cases: who chooses which row, and that every provider can act on each row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.behaviours import MAILED, Behaviour, Failure, Handling, Status
from sandbox.cases import BY_NAME, CASES, case_for
from sandbox.providers.twilio_requests import HTTP_STATUS as TWILIO_HTTP_STATUS
from sandbox.providers.twilio_requests import TITLES as TWILIO_TITLES
from sandbox.providers.whatsapp_cloud import HTTP_STATUS
from sandbox.providers.whatsapp_cloud_webhooks import TITLES
from sandbox.registry import NAMES, definitions
from sandbox.stand_ins import Definition
from sandbox.table import codes, rows

SANDBOX = Path(__file__).resolve().parents[3] / "services" / "sandbox" / "sandbox"
DOCS = Path(__file__).resolve().parents[3] / "docs" / "sandbox.md"


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


def _behaviours(channel: str) -> Iterator[Behaviour]:
    return (case.on(channel) for case in BY_NAME.values())


@pytest.mark.parametrize("definition", definitions(), ids=NAMES)
def test_provider_has_words_for_every_row(definition: Definition) -> None:
    """A provider reports every status, and has a code for every failure, of its channels' rows."""
    for channel, vocabulary in definition.channels.items():
        for behaviour in _behaviours(channel):
            if vocabulary.statuses:  # else nothing is reported
                assert set(behaviour.statuses) <= set(vocabulary.statuses)
            assert behaviour.failure is None or behaviour.failure in vocabulary.failures


@pytest.mark.parametrize("channel", ["whatsapp", "sms", "email"])
def test_failures_have_reasons(channel: str) -> None:
    """A row says why exactly where it refuses or fails."""
    for behaviour in _behaviours(channel):
        fails = behaviour.handling is Handling.REFUSE or Status.FAILED in behaviour.statuses
        assert (behaviour.failure is not None) == fails


def test_behaviours_name_no_provider() -> None:
    """What happens is said without the name or a code of any provider."""
    text = "".join((SANDBOX / f"{name}.py").read_text() for name in ("behaviours", "cases", "flow"))
    assert [name for name in NAMES if re.search(rf"\b{name}\b", text.lower())] == []
    failures = [
        str(code)
        for definition in definitions()
        for vocabulary in definition.channels.values()
        for code in vocabulary.failures.values()
    ]
    assert [code for code in failures if f"({code})" in text or f" {code}," in text] == []


def test_refusals_have_titles() -> None:
    """Every code of WhatsApp and Twilio, too, has a title; a status is set for known codes only."""
    by_name = {definition.name: definition.channels for definition in definitions()}
    for channel in by_name["whatsapp_cloud"].values():
        assert set(channel.failures.values()) <= set(TITLES)
    assert set(HTTP_STATUS) <= set(TITLES)
    assert set(TWILIO_HTTP_STATUS) - {20404} <= set(TWILIO_TITLES)


def test_words_of_a_behaviour() -> None:
    """A behaviour describes itself in the words of the documented table."""
    assert str(MAILED) == "accepts it, then delivered"
    assert str(Behaviour(statuses=(), reply="Hi")) == (
        "accepts it, then silence, then the recipient writes 'Hi'"
    )
    refusal = Behaviour(handling=Handling.REFUSE, failure=Failure.OPTED_OUT)
    assert str(refusal) == "refuses it: opted out"


def test_documentation_shows_the_table() -> None:
    """docs/sandbox.md holds the table exactly as `python -m sandbox.table` prints it."""
    assert "\n".join(rows()) in DOCS.read_text()


def test_codes_are_listed() -> None:
    """`python -m sandbox.table codes` lists what each provider says to a failure."""
    assert "| twilio | whatsapp | not on the network | 63024 |" in codes()
