"""Writes docs/schemas, docs/asyncapi and the pages' blocks, or says how they differ from the code.

`python docs/generate.py --write`, or without it to check: exit 1 when a file is out of date.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from faststream import AsyncAPI
from faststream.rabbit import RabbitBroker
from pydantic import BaseModel

from blocks import filled
from herald.bus.connections import Connections
from herald.bus.deliveries import Delivery
from herald.bus.lane_turns import LaneTurns
from herald.channel.definitions import definition_of
from herald.channel.publications import declare_publications as declare_channel
from herald.channel.service import Channel
from herald.config.loading import Configuration, load_configuration
from herald.contracts.commands import CancelMessage, SendMessage
from herald.contracts.events import (
    AccountData,
    CommandData,
    Event,
    InboundData,
    MessageData,
    RecipientData,
)
from herald.contracts.operator_commands import DropDeadLetter, ReplayDeadLetter, ResendMessage
from herald.contracts.plans import PlannedData
from herald.contracts.receipts import (
    AccountReceipt,
    AttemptReceipt,
    InboundReceipt,
    PlannedReceipt,
)
from herald.contracts.recipient_commands import (
    EraseRecipient,
    SuppressRecipient,
    UnsuppressRecipient,
)
from herald.contracts.vocabulary import Lane
from herald.contracts.work import Work
from herald.providers.account import NoSecrets
from herald.providers.credentials import Credentials
from herald.service.settings import Address, Settings
from ingress.publications import declare_publications as declare_ingress
from router.consumers import Handlers, subscribe
from router.publications import declare_publications
from router.tenant_turns import TenantTurns

DOCS = Path(__file__).parent
AMQP_URL = "amqp://rabbitmq:5672/"

SCHEMAS: dict[str, type[BaseModel]] = {
    "SendMessage": SendMessage,
    "CancelMessage": CancelMessage,
    "EraseRecipient": EraseRecipient,
    "SuppressRecipient": SuppressRecipient,
    "UnsuppressRecipient": UnsuppressRecipient,
    "ResendMessage": ResendMessage,
    "ReplayDeadLetter": ReplayDeadLetter,
    "DropDeadLetter": DropDeadLetter,
    "message-event": Event[MessageData],
    "planned-event": Event[PlannedData],
    "command-event": Event[CommandData],
    "inbound-event": Event[InboundData],
    "account-event": Event[AccountData],
    "recipient-event": Event[RecipientData],
    "internal/Work": Work,
    "internal/AttemptReceipt": AttemptReceipt,
    "internal/PlannedReceipt": PlannedReceipt,
    "internal/InboundReceipt": InboundReceipt,
    "internal/AccountReceipt": AccountReceipt,
}


def main() -> int:
    """Write or check every generated file."""
    configuration = load_configuration(DOCS / "herald.example.toml")
    wanted = {**schemas(), **documents(configuration), **pages()}
    if "--write" in sys.argv[1:]:
        for path, text in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return 0
    stale = [p for p, text in wanted.items() if not p.exists() or p.read_text() != text]
    for path in stale:
        print(f"{path.relative_to(DOCS.parent)} is out of date: make documents")  # noqa: T201
    return 1 if stale else 0


def pages() -> dict[Path, str]:
    """Return every page with its blocks as the code would write them."""
    return {path: filled(path.read_text()) for path in sorted(DOCS.rglob("*.md"))}


def schemas() -> dict[Path, str]:
    """Return the JSON Schema of each contract by file."""
    return {
        DOCS / "schemas" / f"{name}.json": json.dumps(
            model.model_json_schema(mode=_mode(name)), indent=2, sort_keys=True
        )
        + "\n"
        for name, model in SCHEMAS.items()
    }


def _mode(name: str) -> Any:
    """Commands are described as they are read, all else as it is written."""
    return "serialization" if name.endswith("-event") or "/" in name else "validation"


def documents(configuration: Configuration) -> dict[Path, str]:
    """Return the AsyncAPI document of each service by file."""
    channels = configuration.file.channels
    router = Connections(AMQP_URL, app_id="herald-router", events=True)
    subscribe(router, _no_handlers(), TenantTurns(configuration.file), LaneTurns())
    declare_publications(router, channels)
    ingress = Connections(AMQP_URL, app_id="herald-ingress")
    declare_ingress(ingress.publishing, channels)
    services = {"router": router, "ingress": ingress}
    for name in channels:
        # a document needs accounts, not their keys
        nothing = Credentials(NoSecrets(), NoSecrets)
        credentials = dict.fromkeys(configuration.accounts_of(name), nothing)
        channel = Channel(definition_of(name), _settings(), configuration, credentials)
        declare_channel(channel.connections.publishing, name)
        services[f"channel-{name}"] = channel.connections
    return {
        DOCS / "asyncapi" / f"{name}.yaml": _asyncapi(
            name, [broker for _, broker in connections.brokers]
        )
        for name, connections in services.items()
    }


def _asyncapi(name: str, brokers: Sequence[RabbitBroker]) -> str:
    """Describe a service: what it consumes and what it publishes, in one sorted document."""
    whole: dict[str, Any] = {}
    for broker in brokers:
        document = AsyncAPI(broker, title=f"Herald {name}", version="1").to_specification()
        _merge(whole, document.to_jsonable())
    text: str = yaml.safe_dump(whole, sort_keys=True, allow_unicode=True, width=100)
    return text


def _merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


async def _unused(_deliveries: Sequence[Delivery]) -> None:
    """Handle nothing: the document only needs that something would."""


def _no_handlers() -> Handlers:
    return Handlers(
        sends=dict.fromkeys(Lane, _unused),
        control=_unused,
        receipts=dict.fromkeys(Lane, _unused),
        unroutable=_unused,
        dead_letters=_unused,
    )


def _settings() -> Settings:
    return Settings(
        amqp_url=AMQP_URL,
        postgres_dsn="postgresql://postgres/herald",
        config_path=DOCS / "herald.example.toml",
        operations=Address("127.0.0.1", 1),
        log_format="json",
    )


if __name__ == "__main__":
    sys.exit(main())
