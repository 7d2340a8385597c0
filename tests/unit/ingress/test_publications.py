"""What AsyncAPI says of ingress."""

from __future__ import annotations

import json

from faststream import AsyncAPI

from herald.bus.brokers import Broker
from ingress.publications import declare_publications


def test_all_publications_are_documented() -> None:
    """The document lists receipts of every channel and the quarantine, with their models."""
    broker = Broker("amqp://broker.example.com/", app_id="ingress", role="publishing")
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
