"""What AsyncAPI says of ingress, and what ingress writes in its log."""

from __future__ import annotations

import json

from faststream import AsyncAPI
from structlog.testing import capture_logs

from herald.bus.brokers import publishing_broker
from herald.seldom_log import SeldomLog
from ingress.publications import declare_publications


def test_all_publications_are_documented() -> None:
    """The document lists receipts of every channel and the quarantine, with their models."""
    broker = publishing_broker("amqp://broker.example.com/", app_id="ingress")
    declare_publications(broker, {"sms", "whatsapp"})
    text = AsyncAPI(broker, title="t", version="1").to_specification().to_json()
    document = json.loads(text)
    assert {channel["address"] for channel in document["channels"].values()} == {
        *(
            f"{key}{lane}"
            for key in ("attempt.sms", "attempt.whatsapp")
            for lane in (".urgent", ".normal", ".bulk")
        ),
        "inbound.sms.normal",
        "inbound.whatsapp.normal",
        "account.sms.normal",
        "account.whatsapp.normal",
        "ingress.quarantine",
        "pulse.normal",
    }
    schemas = document["components"]["schemas"]
    assert {"AttemptReceipt", "InboundReceipt", "AccountReceipt", "Quarantined"} <= set(schemas)


def test_the_log_can_not_be_flooded() -> None:
    """A warning comes once a minute for each trouble, and says how often it was left out."""
    now = 0.0
    log = SeldomLog(clock=lambda: now)
    with capture_logs() as lines:
        for about in ("a", "a", "b", "a"):
            log.warning("ingress.not_authentic", about=about)
        now = 61.0
        log.warning("ingress.not_authentic", about="a")
    assert [(line["about"], line["left_out"]) for line in lines] == [("a", 0), ("b", 0), ("a", 2)]
