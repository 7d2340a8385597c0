"""Normalisers under anything a sender with the right secret could write."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.bus.receipt_messages import receipt_body
from herald.conformance.trial import receipts_of
from herald.contracts.receipts import RECEIPT
from herald.contracts.text import storable
from herald.providers.json_bodies import BeyondLimitsError, NotJsonError
from herald.providers.lenient_json import NotUnderstoodError, Reason
from unit.providers.golden import ENDPOINTS, MODULES, cases, request

# the providers' own words make it likely that a shape is nearly right
WORDS = st.sampled_from(
    [
        *("entry", "changes", "field", "messages", "value", "metadata", "phone_number_id"),
        *("100000000000001", "statuses", "status", "failed", "sent", "id", "errors", "code"),
        *("timestamp", "contacts", "wa_id", "from", "type", "text", "body", "image", "reaction"),
        *("interactive", "button", "location", "latitude", "profile", "name", "context"),
        *("event", "bounce", "dropped", "open", "sg_message_id", "smtp-id", "herald_attempt"),
        *("MessageSid", "MessageStatus", "SmsStatus", "Body", "From", "NumMedia", "ErrorCode"),
        *("AccountSid", "undelivered", "received", "bodySHA256", "MediaUrl0", "OptOutType"),
        *("7d444840-9dc0-11d1-b245-5ffdce74fad2.1.1", "1768824000", "1768824000000"),
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | WORDS
    | st.just(10**400)
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(), inner),
    max_leaves=25,
)


def check(provider: str, body: bytes, query: str = "", method: str = "POST") -> None:
    """Every receipt is valid and can be found again; nothing is lost to a defect of ours."""
    try:
        found = ENDPOINTS[provider].normalise(request(body, query=query, method=method))
    except (NotJsonError, BeyondLimitsError, NotUnderstoodError):
        return
    assert all(item.reason is not Reason.UNEXPECTED for item in found.not_understood)
    for published, receipt in zip(found.receipts, receipts_of(found), strict=True):
        encoded = receipt_body(published)
        document = json.loads(encoded)
        # 1e16 may be 1e+16; all else is the same to the byte
        assert json.dumps(document) == json.dumps(json.loads(receipt_body(receipt)))
        assert storable(document) == document
        read_back = RECEIPT.validate_json(encoded)
        assert isinstance(read_back, type(receipt))
        assert read_back.receipt_id == receipt.receipt_id == published.receipt_id


def mutated(tree: Any, draw: st.DrawFn) -> Any:
    """Replace a few parts of a good payload by anything."""
    if draw(st.integers(0, 14)) == 0:
        return draw(TREES)
    if isinstance(tree, dict):
        return {
            key: mutated(value, draw) for key, value in tree.items() if draw(st.integers(0, 19))
        }
    if isinstance(tree, list):
        return [mutated(item, draw) for item in tree]
    return tree


@st.composite
def mutations(draw: st.DrawFn, provider: str) -> bytes:
    """Golden payloads with a few parts replaced."""
    paths = [
        case.path for case in cases() if case.provider == provider and case.path.suffix == ".json"
    ]
    return json.dumps(mutated(json.loads(draw(st.sampled_from(paths)).read_text()), draw)).encode()


def _has_json(provider: str) -> bool:
    return any(case.provider == provider and case.path.suffix == ".json" for case in cases())


@pytest.mark.parametrize("provider", sorted(filter(_has_json, ENDPOINTS)))
@given(data=st.data())
def test_any_document(provider: str, data: st.DataObject) -> None:
    """Any JSON document is read, set aside or refused by name."""
    query = getattr(MODULES[provider], "JSON_QUERY", "")
    check(provider, json.dumps(data.draw(TREES)).encode(), query)


@pytest.mark.parametrize("provider", sorted(filter(_has_json, ENDPOINTS)))
@given(data=st.data())
def test_nearly_right_documents(provider: str, data: st.DataObject) -> None:
    """A good payload with parts replaced is read, set aside or refused by name."""
    query = getattr(MODULES[provider], "JSON_QUERY", "")
    check(provider, data.draw(mutations(provider)), query)


@pytest.mark.parametrize("provider", sorted(ENDPOINTS))
@given(body=st.binary())
def test_any_bytes(provider: str, body: bytes) -> None:
    """Any bytes are read, set aside or refused by name."""
    check(provider, body)


@pytest.mark.parametrize("provider", sorted(ENDPOINTS))
@given(
    fields=st.lists(
        st.tuples(
            WORDS | st.text(st.characters(codec="utf-8")),
            WORDS | st.text(st.characters(codec="utf-8")),
        )
    ),
    method=st.sampled_from(["GET", "POST"]),
)
def test_any_form(provider: str, fields: list[tuple[str, str]], method: str) -> None:
    """Any form is read or set aside."""
    check(provider, urlencode(fields).encode(), "attempt=x", method)


@pytest.mark.parametrize("provider", [name for name in MODULES if hasattr(MODULES[name], "batch")])
@given(data=st.data())
def test_one_bad_element_never_loses_its_batch(provider: str, data: st.DataObject) -> None:
    """Good elements around anything at all are read as if they stood alone."""
    body, good = MODULES[provider].batch(data.draw(TREES))
    found = ENDPOINTS[provider].normalise(request(json.dumps(body).encode()))
    assert len([r for r in found.receipts if r.element == good]) >= 2
    assert len(found.receipts) + len(found.not_understood) == 3
