"""The command line in an operator's hands: what failed is sent again, what died is replayed.

HERALD_TEST_RESENDS: how many messages fail in the outage, 60 if it does not say.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest_asyncio
import structlog
from typer.testing import CliRunner

from behaviour.router.receipts import receipt
from behaviour.router.serving import served
from behaviour.router.world import World, command
from broker_users import broker_user
from herald.cli.application import application
from herald.contracts.failures import Failure
from herald.contracts.identifiers import message_id_for, resend_id_for
from herald.contracts.rights import operator_rights, tenant_rights
from herald.contracts.vocabulary import FailureClass, Status
from reading import OPERATOR, TOKENS

NUMBER = int(os.environ.get("HERALD_TEST_RESENDS", "60"))
OUTAGE = Failure.of(FailureClass.PERMANENT, "30008")
DONE, FAILED, USAGE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where an operator types."""

    environment: dict[str, str]

    async def herald(self, *arguments: str) -> tuple[int, str]:
        """Run a command, in a thread of this process; return its exit code and all it says."""
        # from here on: what a router of this process logged now would stand in the command's output
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
        try:
            result = await asyncio.to_thread(
                CliRunner().invoke, application, arguments, env=self.environment
            )
        finally:  # a command keeps its process's logs quiet
            logging.disable(logging.NOTSET)
            structlog.reset_defaults()
        return result.exit_code, result.output

    async def lines(self, *arguments: str) -> list[str]:
        """Run a command that does well; return its lines."""
        code, said = await self.herald(*arguments)
        assert code == DONE, said
        return said.splitlines()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def terminals(world: World) -> AsyncIterator[dict[str, Terminal]]:
    """Give an operator's terminal, and one of a tenant's user."""
    rabbit = world.rabbit
    where = (rabbit.management_url, rabbit.amqp_url, rabbit.vhost)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(served(world.apps[0]))
        users = {
            "operator": stack.enter_context(
                broker_user(*where, operator_rights(), "herald-test-operator")
            ),
            "tenant": stack.enter_context(broker_user(*where, tenant_rights("default"))),
        }
        yield {
            name: Terminal(
                {
                    "HERALD_AMQP_URL": user.url,
                    "HERALD_ROUTER_URL": url,
                    "HERALD_READ_TOKEN": TOKENS[OPERATOR],
                    "COLUMNS": "400",
                }
            )
            for name, user in users.items()
        }


async def _fail(world: World, number: int) -> list[str]:
    """Let messages fail, as in an outage of their provider."""
    keys = [await world.send(route="sms") for _ in range(number)]
    for key in keys:
        work = await world.work("sms", key)
        await world.report(receipt(work, Status.FAILED, failure=OUTAGE))
    for key in keys:
        await world.heard("failed", key)
    return keys


async def test_what_failed_in_an_outage_is_sent_again_once(
    world: World, terminals: dict[str, Terminal]
) -> None:
    """The dry run lists all, the run sends each once, and a second run sends nothing."""
    terminal = terminals["operator"]
    before = await world.database.fetchval("SELECT clock_timestamp()")
    keys = await _fail(world, NUMBER)
    await world.send(route="sms")  # one that goes on
    which = ("--failed", "--since", before.isoformat(), "--tenant", "default")
    *listed, count = await terminal.lines("resend", *which, "--dry-run")
    assert count.split() == [str(NUMBER), "would", "be", "sent", "again"]
    assert {line.split()[0] for line in listed} == {
        str(message_id_for("default", key)) for key in keys
    }
    assert not any("+15550002222" in line for line in listed)
    [*_, last] = await terminal.lines("resend", *which)
    assert last.split() == [str(NUMBER), "sent", "again"]
    new = {str(resend_id_for(message_id_for("default", key))) for key in keys}
    await world.until(lambda: new <= {work.message_id for work in world.works})
    assert await terminal.lines("resend", *which) == ["      0  sent again"]
    sent = Counter(work.message_id for work in world.works if work.message_id in new)
    assert set(sent.values()) == {1}


async def test_one_message_is_sent_again_by_its_key(
    world: World, terminals: dict[str, Terminal]
) -> None:
    """The second time the answer names the message that took its place; so does its timeline."""
    terminal = terminals["operator"]
    [key] = await _fail(world, 1)
    new = str(resend_id_for(message_id_for("default", key)))
    assert await terminal.lines("resend", key) == [f"sent again as {new}  sms"]
    [again] = await terminal.lines("resend", str(message_id_for("default", key)))
    assert again == f"was sent again before as {new}, which is queued"
    assert f"sent again as {new}" in "\n".join(await terminal.lines("timeline", key))
    assert "sends again" in "\n".join(await terminal.lines("timeline", new))


async def test_a_key_whose_command_was_refused(
    world: World, terminals: dict[str, Terminal]
) -> None:
    """Its timeline says why, where no message has the key, and where one has it since."""
    terminal, body = terminals["operator"], command(route="nowhere")
    key = body["idempotency_key"]
    await world.ask(body)
    said = "\n".join(await terminal.lines("timeline", key))
    assert f"default / {key} was refused" in said
    assert "no such route" in said
    await world.ask(body | {"route": "sms"})
    said = "\n".join(await terminal.lines("timeline", key))
    assert "queued, under way" in said
    assert "no such route" in said
    [document] = await terminal.lines("timeline", key, "--json")
    assert [one["field"] for one in json.loads(document)["rejections"]] == ["route"]


async def test_dead_letters_are_listed_shown_replayed_and_dropped(
    world: World, terminals: dict[str, Terminal]
) -> None:
    """One after the other, and many by what they have in common."""
    terminal, marker = terminals["operator"], f"never-{uuid.uuid4().hex[:8]}"
    for _ in range(3):
        await world.ask(command(route={"steps": [{"channel": "sms", "account": marker}]}))
    which = ("--queue", "herald.commands", "--reason", "route.steps.0.account", "--since", "1h")
    listed = await terminal.lines("dlq", "list", *which)
    assert len(listed) == 3
    dead_letter = listed[0].split()[-1]
    shown = "\n".join(await terminal.lines("dlq", "show", dead_letter))
    assert marker in shown
    assert "+15550002222" not in shown
    assert "+15550002222" in "\n".join(await terminal.lines("dlq", "show", dead_letter, "--body"))
    code, said = await terminal.herald("dlq", "replay", dead_letter)
    assert (code, "no such account" in said) == (FAILED, True)
    code, said = await terminal.herald("dlq", "replay", dead_letter)
    assert (code, "only again replays it" in said) == (FAILED, True)
    *_, count = await terminal.lines("dlq", "replay", *which, "--dry-run")
    assert count.split() == ["2", "dead", "letters"]
    assert (await terminal.lines("dlq", "drop", dead_letter)) == ["      1  dropped"]
    assert (await terminal.lines("dlq", "drop", dead_letter))[1:] == [
        "      1  were dropped before"
    ]
    assert (await terminal.lines("dlq", "drop", *which)) == ["      2  dropped"]
    assert await terminal.lines("dlq", "list", *which) == []


async def test_nobody_else_may(world: World, terminals: dict[str, Terminal]) -> None:
    """A tenant's user is refused, and nothing is done."""
    [key] = await _fail(world, 1)
    code, said = await terminals["tenant"].herald("resend", key)
    assert code != DONE
    assert "access" in said
    query = "SELECT resent_as IS NULL FROM router.messages WHERE id = $1"
    assert await world.database.fetchval(query, message_id_for("default", key))


async def test_wrong_input_says_what_is_wrong(terminals: dict[str, Terminal]) -> None:
    """Exit 2, and one line."""
    unknown = str(uuid.uuid4())
    for arguments, said in (
        (("resend",), "give a message; or --failed"),
        (("resend", "--failed"), "with --since"),
        (("resend", "--failed", "--since", "yesterday"), "--since: "),
        (("resend", "key", "--failed"), "give a message, or --failed"),
        (("resend", unknown), f"no message of tenant default is named {unknown}"),
        (("dlq", "replay"), "give ids, or --queue"),
        (("dlq", "show", unknown), f"no dead letter is named {unknown}"),
        (("dlq", "list", "--since", "yesterday"), "since: "),
    ):
        code, printed = await terminals["operator"].herald(*arguments)
        assert (code, said in printed) == (USAGE, True), (arguments, printed)
