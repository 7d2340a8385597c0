"""What becomes of a mail that a provider posts as a form, whatever its text holds."""

from __future__ import annotations

import pytest

from herald.conformance.trial import receipts_of
from herald.contracts.text import storable
from unit.providers.golden import ENDPOINTS, Case, cases, request

FORMS = [case for case in cases() if case.label in {"mailgun/inbound", "sendgrid/inbound"}]
ENCODED = [case for case in cases() if case.label == "mailgun/inbound_stored"]


@pytest.mark.parametrize(
    ("case", "zero"),
    [*((case, b"\0") for case in FORMS), *((case, b"%00") for case in ENCODED)],
    ids=lambda value: value.label if isinstance(value, Case) else "",
)
def test_a_zero_in_a_mail_is_no_obstacle(case: Case, zero: bytes) -> None:
    """U+0000 in a subject or a text is replaced, also in what is kept as it came."""
    body = case.path.read_bytes().replace(b"Hello", b"Hel" + zero + b"lo")
    content_type = case.expected["request"]["content_type"]
    webhook = request(body, content_type=content_type)
    [receipt] = receipts_of(ENDPOINTS[case.provider].normalise(webhook))
    published = receipt.model_dump(mode="json")
    assert receipt.element["subject"] == "Re: Hel\N{REPLACEMENT CHARACTER}lo"
    assert published == storable(published)
