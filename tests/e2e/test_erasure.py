"""After `herald erase` nothing that is kept shows a recipient, whatever there was of them."""

from __future__ import annotations

import base64
import json
import os
import random
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pika
import psycopg
import pytest

from e2e.client import TOMORROW, Client, connected
from herald.contracts.receipts import AttemptReceipt
from herald.contracts.topology import RECEIPTS, attempt_receipt_key
from herald.contracts.vocabulary import Lane, Status
from herald_local.stack import Stack
from herald_local.web import call
from mentioning import mentions

TABLES = """
    SELECT format('%I.%I', table_schema, table_name),
        string_agg(
            CASE data_type WHEN 'bytea' THEN format('encode(%I, ''escape'')', column_name)
                ELSE format('%I::text', column_name) END,
            ', '
        )
    FROM information_schema.columns JOIN information_schema.tables
        USING (table_schema, table_name)
    WHERE table_schema IN ('router', 'channel', 'public') AND table_type = 'BASE TABLE'
    GROUP BY table_schema, table_name
"""


class Person:
    """A recipient like no other, to be looked for in everything."""

    def __init__(self) -> None:
        digits = f"{random.randrange(1000):03}"  # noqa: S311  only to be another one
        # not on WhatsApp, and no SMS; on WhatsApp under another number, which stays silent
        self.phone, self.whatsapp = f"+1555{digits}0005", f"+1555{digits}0004"
        name = uuid.uuid4().hex
        self.email = f"Zeferina.{name}@example.com"
        self.name, self.text = f"Zeferina {name[:8]}", f"Your code is {name[8:]}"
        inside = f"\x1c\x18\x0b{self.phone[1:]}\x15\x02"  # as Meta's ids hold the recipient
        self.wamid = "wamid." + base64.b64encode(inside.encode()).decode()

    def command(self, **changes: Any) -> dict[str, Any]:
        """Make a command that says all that is known of the person."""
        body: dict[str, Any] = {
            "idempotency_key": str(uuid.uuid4()),
            "to": {"phone": self.phone, "email": self.email, "name": self.name},
            "content": {"text": self.text, "subject": f"For {self.name}"},
            "metadata": {"who": self.name},
        }
        return body | changes

    def traces_in(self, text: str) -> list[str]:
        """Return what `text` shows of the person."""
        plain = (self.phone[1:], self.whatsapp[1:], self.email.lower(), self.name, self.text)
        lower = text.lower()
        found = [word for word in plain if word.lower() in lower]
        mentioned = mentions(text, [self.phone, self.whatsapp, self.email])
        return found + (["mentioned"] if mentioned else [])


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[Client]:
    """Give a plain pika client."""
    with connected(stack.amqp_url) as plain:
        yield plain


def everything_kept(stack: Stack) -> str:
    """Return all rows of all tables, bodies as text, and all of the spool's files."""
    with psycopg.connect(stack.servers.postgres_dsn) as connection:
        rows: list[str] = []
        for table, columns in connection.execute(TABLES).fetchall():
            query = f"SELECT {columns} FROM {table}"  # noqa: S608  the catalogue's own names
            rows += [f"{table}: {row}" for row in connection.execute(query.encode()).fetchall()]
    files = [path for path in (stack.home / "spool").rglob("*") if path.is_file()]
    return "\n".join([*rows, *(path.read_text(errors="replace") for path in files)])


def erase(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "herald.cli", "erase", *arguments],
        env={**os.environ, **stack.environment, "COLUMNS": "200"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def park(stack: Stack, person: Person) -> None:
    """Report a status of a message that is not ours, as an account shared with others would."""
    receipt = AttemptReceipt(
        source="webhook", channel="whatsapp", provider="whatsapp_cloud", account="wa-main",
        references=(person.wamid,), status=Status.DELIVERED, event_key="1",
        received_at=datetime.now(UTC), element={"recipient_id": person.phone[1:]},
    )  # fmt: skip
    ingress = pika.URLParameters(stack.access.amqp_url("ingress"))
    with closing(pika.BlockingConnection(ingress)) as connection:
        connection.channel().basic_publish(
            RECEIPTS,
            attempt_receipt_key("whatsapp", Lane.NORMAL),
            receipt.model_dump_json().encode(),
            pika.BasicProperties(user_id=stack.access.names.user("ingress")),
        )


def write_to_us(stack: Stack, person: Person) -> None:
    body = {"channel": "sms", "sender": person.phone, "text": person.text}
    answer = call("POST", f"{stack.sandbox_url}/_sandbox/inbound", json.dumps(body).encode())
    assert answer.status < 300


def live_through(stack: Stack, client: Client, person: Person) -> None:
    """Let everything happen to a person that can happen to a recipient."""
    delivered = person.command()  # over WhatsApp and SMS to their mailbox
    failed = person.command(route="sms")
    under_way = person.command(route="whatsapp", to={"whatsapp": person.whatsapp})
    scheduled = person.command(send_at=TOMORROW)
    refused = person.command(contnt="x")
    for body in (delivered, failed, under_way, scheduled, refused):
        client.publish(body)
    assert client.end(delivered["idempotency_key"])["data"]["channel"] == "email"
    assert client.end(failed["idempotency_key"])["data"]["outcome"] == "failed"
    for body in (under_way, scheduled, refused):
        client.answer(body["idempotency_key"])
    write_to_us(stack, person)
    client.wait(lambda event: event["data"].get("sender") == person.phone)
    park(stack, person)


def test_nothing_is_left(stack: Stack, client: Client) -> None:
    """Neither the database nor the spool holds number, mailbox, name or text, in any form."""
    person = Person()
    live_through(stack, client, person)
    while person.wamid not in (before := everything_kept(stack)):
        pass
    assert len(person.traces_in(before)) == 6
    done = erase(
        stack, "--phone", person.phone, "--email", person.email,
        "--address", f"whatsapp={person.whatsapp}", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    erased = json.loads(done.stdout)["erased"]
    assert (erased["messages"], erased["inbound"], erased["dead_letters"]) == (4, 1, 1)
    assert erased["provider_refs"] == 1
    assert person.traces_in(everything_kept(stack)) == []
