"""Events inside SNS's envelope, under anything that a topic could carry."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from herald.providers.ses.account import SesAccount
from herald.providers.ses.webhooks import make_decoy, make_endpoint
from unit.providers.golden import cases, request
from unit.providers.ses.signing_keys import TOPIC, notification
from unit.providers.test_fuzz import TREES, check, mutated

EVENTS = [
    message
    for case in cases()
    if case.provider == "ses"
    and (message := json.loads(case.path.read_text()).get("Message", "")).startswith("{")
]


@st.composite
def events(draw: st.DrawFn) -> Any:
    """Good events with a few parts replaced, or anything."""
    return mutated(json.loads(draw(st.sampled_from(EVENTS))), draw)


@settings(max_examples=40)
@given(event=TREES | events())
def test_any_event(event: Any) -> None:
    """Whatever is in a notification is read, set aside or refused by name."""
    check("ses", json.dumps(notification(json.dumps(event))).encode())


@given(text=st.text())
def test_any_words(text: str) -> None:
    """So are words."""
    check("ses", json.dumps(notification(text)).encode())


def test_an_account_says_what_it_takes() -> None:
    """Its topics, where certificates are, and whether subscriptions are confirmed."""
    account = SesAccount(
        provider="ses",
        region="us-east-1",
        topics=(TOPIC,),
        confirm_subscriptions=True,
        sns_url="http://127.0.0.1:8010/ses",
        foreign="ignore",
    )
    found = make_endpoint("ses-main", {"ses-main": account}, {})
    assert found.topics == {TOPIC}
    assert (found.confirms, found.account) == (True, "ses-main")
    assert found.place.stand_in == "http://127.0.0.1:8010/ses"
    body = {"eventType": "Delivery", "mail": {"messageId": "m1"}}
    read = found.normalise(request(json.dumps(notification(body)).encode()))
    assert (read.receipts, read.ignored) == ([], 1)
    assert make_decoy().topics == frozenset()
