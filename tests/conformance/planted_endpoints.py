"""Endpoints with a defect each, made of a good one, and the checks that must find it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from msgspec import structs

from herald.contracts.attempt_reports import AttemptReport
from herald.contracts.failures import Failure
from herald.contracts.receipts import InboundReceipt
from herald.contracts.vocabulary import FailureClass, Status
from herald.providers.samples import RECIPIENT_PHONE
from herald.providers.webhook_endpoints import Endpoint, EndpointRules, Normalised
from herald.providers.webhook_requests import WebhookRequest

Verify = Callable[[Endpoint, WebhookRequest], bool]
Change = Callable[[AttemptReport], AttemptReport]
Normalise = Callable[[Endpoint, WebhookRequest], Normalised]


@dataclass(frozen=True, slots=True)
class Defective:
    """An endpoint that does one thing otherwise."""

    good: Any = None  # given later
    verifies: Verify | None = None
    normalises: Normalise | None = None
    has_rules: EndpointRules | None = None  # of a known account alone
    shows: str = field(default="", repr=True)

    @property
    def rules(self) -> EndpointRules:
        if self.has_rules is not None and not is_decoy(self.good):
            return self.has_rules
        rules: EndpointRules = self.good.rules
        return rules

    def verify(self, request: WebhookRequest) -> bool:
        if self.verifies is not None:
            return self.verifies(self.good, request)
        verified = self.good.verify(request)
        assert isinstance(verified, bool)
        return verified

    def normalise(self, request: WebhookRequest) -> Normalised:
        if self.normalises is not None:
            return self.normalises(self.good, request)
        found: Normalised = self.good.normalise(request)
        return found


HEADER = b"x-hub-signature-256"


def is_decoy(endpoint: Endpoint) -> bool:
    return getattr(endpoint, "account", None) == ""


def believes_nobody(_good: Endpoint, _request: WebhookRequest) -> bool:
    return False


def is_slow_where_known(good: Endpoint, request: WebhookRequest) -> bool:
    sum(range(1 if is_decoy(good) else 20_000))
    return bool(good.verify(request))


def believes_all(_good: Endpoint, _request: WebhookRequest) -> bool:
    return True


def raises(good: Endpoint, request: WebhookRequest) -> bool:
    request.headers[HEADER].decode("ascii")
    return bool(good.verify(request))


def trims(good: Endpoint, request: WebhookRequest) -> bool:
    claimed = b"".join(request.headers.get(HEADER, b"").split())
    return bool(good.verify(replace(request, headers={**request.headers, HEADER: claimed})))


def believes_a_part(good: Endpoint, request: WebhookRequest) -> bool:
    claimed = request.headers.get(HEADER, b"")
    return bool(good.verify(request)) or 20 < len(claimed) < 71


def believes_the_missing(good: Endpoint, request: WebhookRequest) -> bool:
    return HEADER not in request.headers or bool(good.verify(request))


def changed(change: Change) -> Normalise:
    """Read as the good one does, and change each status."""

    def normalise(good: Endpoint, request: WebhookRequest) -> Normalised:
        found = good.normalise(request)
        found.receipts = [
            change(receipt) if isinstance(receipt, AttemptReport) else receipt
            for receipt in found.receipts
        ]
        return found

    return normalise


def with_fields(**fields: Any) -> Normalise:
    return changed(lambda status: structs.replace(status, **fields))


def raises_at_lists(good: Endpoint, request: WebhookRequest) -> Normalised:
    if request.body.startswith(b"["):
        raise KeyError
    return good.normalise(request)


def without_inbound(good: Endpoint, request: WebhookRequest) -> Normalised:
    found = good.normalise(request)
    found.receipts = [it for it in found.receipts if isinstance(it, AttemptReport)]
    return found


def another_inbound(good: Endpoint, request: WebhookRequest) -> Normalised:
    found = good.normalise(request)
    found.receipts = [
        it.model_copy(update={"reference": str(uuid4())}) if isinstance(it, InboundReceipt) else it
        for it in found.receipts
    ]
    return found


def loses_the_batch(good: Endpoint, request: WebhookRequest) -> Normalised:
    found = good.normalise(request)
    if found.not_understood:
        found.receipts = []
    return found


def loses_new_words(good: Endpoint, request: WebhookRequest) -> Normalised:
    found = good.normalise(request)
    known = [it for it in found.receipts if getattr(it, "status", None) is not Status.OTHER]
    found.receipts = known if b"word_of_tomorrow" in request.body else found.receipts
    return found


def raises_at_times(good: Endpoint, request: WebhookRequest) -> Normalised:
    if b'"timestamp":null' in request.body:
        raise ValueError
    return good.normalise(request)


def spends(good: Endpoint, request: WebhookRequest) -> Normalised:
    until = time.process_time() + 0.01 * request.body.count(b'"status"')
    while time.process_time() < until:
        pass
    return good.normalise(request)


def hoards(good: Endpoint, request: WebhookRequest) -> Normalised:
    copies = [bytes(bytearray(request.body)) for _ in range(300)]
    assert copies
    return good.normalise(request)


ENDPOINTS: dict[str, tuple[Defective, set[str]]] = {}


def _endpoint(name: str, expected: set[str], **parts: Any) -> None:
    ENDPOINTS[name] = Defective(**parts), expected


REFUSALS = {
    *("signature_missing", "signature_empty", "signature_wrong", "signature_of_another"),
    *("signature_rotated", "signature_malformed", "signature_not_ascii", "signature_truncated"),
    *("signature_blanks", "signature_covers_body", "decoy_refuses"),
}
_endpoint("believes all", REFUSALS, verifies=believes_all)
_endpoint("believes nobody", {"signature_good", "signature_rotated"}, verifies=believes_nobody)
_endpoint("is slow where known", {"decoy_works"}, verifies=is_slow_where_known)
_endpoint(
    "other rules",
    {"decoy_alike", "webhook_head"},
    has_rules=EndpointRules(max_body_bytes=10, methods={"PUT": frozenset()}, retries_on_5xx=True),
)
_endpoint("shows a secret", {"account_hides_secrets"}, shows="token-of-the-account")
_endpoint("raises at lists", {"hostile_bodies"}, normalises=raises_at_lists)
_endpoint("no inbound", {"inbound_read"}, normalises=without_inbound)
_endpoint("another inbound", {"inbound_repeated"}, normalises=another_inbound)
_endpoint("raises at other bytes", {"signature_not_ascii", "signature_missing"}, verifies=raises)
_endpoint("trims", {"signature_blanks"}, verifies=trims)
_endpoint(
    "believes a part", {"signature_truncated", "signature_malformed"}, verifies=believes_a_part
)
_endpoint("believes the missing", {"signature_missing"}, verifies=believes_the_missing)
_endpoint("one status", {"status_words"}, normalises=with_fields(status=Status.SENT))
_endpoint(
    "no attempt",
    {"status_names_attempt", "send_tag_comes_back"},
    normalises=with_fields(attempt_id=None),
)
_endpoint(
    "any attempt",
    {"status_foreign"},
    normalises=with_fields(attempt_id="7d444840-9dc0-41d1-b245-5ffdce74fad2.1.1"),
)
_endpoint("no lane", {"status_names_attempt"}, normalises=with_fields(lane=None))
_endpoint("another account", {"status_names_account"}, normalises=with_fields(account="other"))
_endpoint("no reference", {"status_names_account"}, normalises=with_fields(references=("x",)))
_endpoint("no time", {"time_forms"}, normalises=with_fields(occurred_at=None))
_endpoint(
    "a new key each time",
    {"status_repeated", "status_any_order"},
    normalises=changed(lambda it: structs.replace(it, event_key=str(uuid4()))),
)
_endpoint(
    "one key for all",
    {"status_repeated"},
    normalises=with_fields(event_key="x", references=("x",), status=Status.SENT),
)
_endpoint("loses the batch", {"batch_isolation"}, normalises=loses_the_batch)
_endpoint("loses new words", {"status_unknown_word"}, normalises=loses_new_words)
_endpoint("raises at a time", {"time_absurd", "hostile_values"}, normalises=raises_at_times)
_endpoint(
    "keeps the address",
    {"secrecy_of_statuses"},
    normalises=with_fields(element={"to": RECIPIENT_PHONE}),
)
_endpoint("keeps nothing", {"secrecy_of_statuses"}, normalises=with_fields(element=None))
_endpoint(
    "one class", {"status_codes"}, normalises=with_fields(failure=Failure.of(FailureClass.CONTENT))
)
_endpoint("spends time", {"limit_of_time"}, normalises=spends)
_endpoint("hoards", {"limit_of_memory"}, normalises=hoards)
