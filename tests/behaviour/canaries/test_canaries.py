"""What a message says, whom it is for and what an account's secrets are show up nowhere else.

Canaries go through every adapter and every way in which its calls end, through webhooks that
repeat them, and through commands that are refused. None may stand in logs, metrics, failures,
reports or the history: a user's contents stand with the message, and in work for a channel.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import REGISTRY, generate_latest
from structlog.testing import capture_logs

from behaviour.canaries.calls import PATHS, call
from behaviour.canaries.canaries import (
    CAPTION,
    CONTENTS,
    ECHO,
    EMAIL,
    FILENAME,
    HTML,
    LINK,
    NAME,
    PHONE,
    SECRET,
    SUBJECT,
    TEXT,
    VARIABLE,
    allowed,
    traces,
)
from behaviour.canaries.mail_webhooks import ENDPOINTS as MAIL_ENDPOINTS
from behaviour.canaries.webhooks import BODIES, SENDGRID, signed_call
from herald.bus.receipt_messages import receipt_body
from herald.channel.reports import report, returned
from herald.contracts.identifiers import AttemptId
from herald.contracts.receipts import RECEIPT, AttemptReceipt
from herald.providers.account import Account
from herald.providers.registry import ACCOUNTS, NAMES, webhooks_module
from herald.providers.sending import NotSent
from herald.providers.webhook_endpoints import Normalised
from herald.providers.webhook_requests import WebhookRequest
from herald.providers.whatsapp_cloud.webhooks import RULES
from router.core.facts import ReceiptArrived
from router.outgoing.answers import rejection_event
from router.quotes import without_quotes_of
from router.store.messages import read_contents
from unit.ingress.asking import Bus, ask, receiver, signed
from unit.router.making import NOW
from unit.router.offering import offered, refused

# a command that says all of it
COMMAND: dict[str, Any] = {
    "to": {"phone": PHONE, "email": EMAIL, "name": NAME},
    "content": {
        "text": TEXT,
        "subject": SUBJECT,
        "html": HTML,
        "overrides": {
            "sms": {"text": VARIABLE},
            "whatsapp": {
                "text": None,
                "media": [
                    {"url": LINK, "kind": "document", "caption": CAPTION, "filename": FILENAME}
                ],
            },
        },
    },
}
# ways to get it wrong, each with canaries in what is wrong
FAULTS: list[dict[str, Any]] = [
    {"to": {"phone": f"{PHONE} {NAME}"}},
    {"to": {"email": f"{NAME} {EMAIL}"}},
    {"to": {"phone": PHONE, "name": f"{NAME}\x00"}},
    {"to": {"addresses": {"sms": ECHO}}},
    {"to": ECHO},
    {"content": ECHO},
    {"content": {"text": f"{TEXT}\x00"}},
    {"content": {"text": [TEXT]}},
    {"content": {"text": TEXT, "subject": f"{SUBJECT}\n{TEXT}"}},
    {"content": {"media": [{"url": LINK.replace("https", "http")}]}},
    {"content": {"media": [{"url": LINK.replace("//", f"//{NAME.split()[0]}:{SECRET}@")}]}},
    {"content": {"template": {"name": "t", "language": TEXT, "variables": {"1": VARIABLE}}}},
    {"content": {"template": {"name": "t", "variables": {"1": VARIABLE, "name": NAME}}}},
    {"content": {"overrides": {"sms": {"text": {"it": TEXT}}}}},
    {"ttl": TEXT},
    {"send_at": TEXT},
    {"category": TEXT},
    {"tenant": TEXT},
    {"route": TEXT},
    {"sender": TEXT},
    {"metadata": {"note": [TEXT]}},
    {"idempotency_key": [TEXT]},
]


def _channel(model: type[Account]) -> str:
    """Return the channel by default; that of profiles is SMS here."""
    field = model.model_fields["channel"]
    return "sms" if field.is_required() else str(field.default)


CHANNELS = {name: _channel(model) for name, model in ACCOUNTS.items()}
CASES = [
    (provider, path, number)
    for provider, paths in PATHS.items()
    for path in paths
    for number in range(len(CONTENTS[CHANNELS[provider]]))
]


def test_every_provider_is_covered() -> None:
    """A new provider comes with its canaries: its calls, and its webhooks if it has them."""
    assert PATHS.keys() == ACCOUNTS.keys()
    assert BODIES.keys() == {name for name in NAMES if webhooks_module(name) is not None}
    assert CONTENTS.keys() == set(CHANNELS.values())


def test_the_search_finds_a_canary() -> None:
    """What is looked for is found in each of the forms in which it is written."""
    assert traces(json.dumps({"error": ECHO}))
    for text in (
        TEXT[5:30],
        PHONE[1:],
        "0049 151 1234-5678",
        EMAIL.upper(),
        NAME.split()[0],
        SECRET,
    ):
        assert traces(text), text
    assert not traces("550 5.1.1 no such mailbox; the message was refused")


@pytest.mark.parametrize(("provider", "path", "number"), CASES)
async def test_no_call_gives_a_canary_away(provider: str, path: str, number: int) -> None:
    """However a call ends, its report, its failure, the log and the metrics hold none."""
    channel = CHANNELS[provider]
    content = CONTENTS[channel][number]
    with capture_logs() as logs:
        made = await call(provider, path, content, allowed(content))
    if isinstance(made.result, NotSent):
        receipt = returned(made.work, made.result.code, datetime(2026, 1, 19, tzinfo=UTC))
    else:
        receipt = report(
            made.work,
            made.result,
            datetime(2026, 1, 19, tzinfo=UTC),
            provider=provider,
            account=made.account.name,
            receipts=made.account.options.receipts,
        )
    assert traces(receipt_body(receipt).decode()) == set()
    assert traces(repr(made.result), repr(made.account), logs, _metrics()) == set()


@pytest.mark.parametrize("provider", BODIES)
async def test_no_webhook_gives_a_canary_away(provider: str) -> None:
    """Statuses that repeat all of it leave no trace in log, metrics, history or failure."""
    candidate, bus = offered(**COMMAND), Bus()
    contents = read_contents(candidate.contents)
    with capture_logs() as logs:
        for body in BODIES[provider]:
            path, query, headers = signed_call(provider, body)
            answer = await ask(
                receiver(bus, sendgrid=SENDGRID, **MAIL_ENDPOINTS),
                path,
                [body],
                query=query,
                headers=headers,
            )
            assert answer.status in {200, 204}
    receipts = [RECEIPT.validate_json(f.body) for f in bus.messages if f.exchange != "herald.dead"]
    assert len(receipts) >= 2
    for receipt in receipts:
        assert isinstance(receipt, AttemptReceipt)
        fact = ReceiptArrived(attempt=AttemptId(candidate.message.id, 1, 1), receipt=receipt)
        kept = without_quotes_of(fact, candidate.message, contents)
        assert isinstance(kept, ReceiptArrived)
        assert traces(kept.receipt.model_dump_json()) == set()
    assert traces(logs, _metrics(), repr(answer)) == set()


async def test_a_defect_in_a_reader_gives_no_canary_away() -> None:
    """What an exception of ours says of an element is not logged."""

    class Broken:
        rules = RULES

        def verify(self, request: WebhookRequest) -> bool:
            if b"verify" in request.body:
                raise RuntimeError(ECHO)
            return True

        def normalise(self, request: WebhookRequest) -> Normalised:
            raise RuntimeError(ECHO, request)

    app = receiver(Bus(), whatsapp_cloud=Broken())
    with capture_logs() as logs:
        for body in (ECHO.encode(), b"verify" + ECHO.encode()):
            await ask(app, "/webhooks/whatsapp_cloud/main", [body], headers=signed(body))
    assert [line["event"] for line in logs]
    assert traces(logs, _metrics()) == set()


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_no_refusal_gives_a_canary_away(fault: dict[str, Any]) -> None:
    """The answer to a refused command names field and reason, and repeats no value."""
    with capture_logs() as logs:
        rejected = refused(**COMMAND | fault)
        event = rejection_event(rejected, NOW)
    assert traces(rejected.field, rejected.reason, event.body.decode()) == set()
    assert traces(logs, _metrics()) == set()


def _metrics() -> str:
    return generate_latest(REGISTRY).decode()
