"""Operators replay dead letters once what was wrong is mended, or drop them."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

import aio_pika
import asyncpg
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from behaviour.router.commanding import Commander, commander
from behaviour.router.receipts import inbound, receipt
from behaviour.router.world import (
    CONFIGURATION,
    Body,
    Heard,
    World,
    build_routers,
    command,
    running_routers,
)
from broker_users import broker_user
from herald.rights import operator_rights, tenant_rights
from herald.topology import COMMANDS, DEAD, OUTBOUND
from herald.vocabulary import Status
from reading import OPERATOR as OPERATOR_TOKEN
from reading import ask

OPERATOR, OWN = "herald-test-operator", "herald-test-own"
REPLAY, DROP = "dead_letter.replay", "dead_letter.drop"
# what an operator adds to the configuration after commands were refused for the want of it
LATER = """
[accounts.removed]
provider = "whatsapp_cloud"
phone_number_id = "100000000000009"

[routes.later]
tenants = ["default", "closed"]
steps = [{channel = "sms"}]
"""


@dataclass(frozen=True, slots=True)
class Before:
    """What was refused before the configuration changed, by the router that ran then."""

    world: World
    router: Starlette  # of the later configuration
    operator: Commander
    own: Commander  # the closed tenant's user

    async def ask(self, body: Body, key: str = REPLAY, **options: Any) -> Heard:
        return await self.operator.ask(self.world, body, key, **options)

    async def letter(self, body: Body | bytes) -> str:
        """Return the id of the dead letter with a body, once it is there."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        query = "SELECT id FROM router.dead_letters WHERE position($1 IN body) > 0"
        return str(await self.world.row(query, raw))

    async def row(self, letter_id: str) -> asyncpg.Record:
        [row] = await self.world.database.fetch(
            "SELECT replayed_at, replayed_by, replay_result FROM router.dead_letters WHERE id = $1",
            letter_id,
        )
        return row


GOOD = command(route="later", idempotency_key="good")
STILL_BAD = command(route="never", idempotency_key="still-bad")
CLOSED = command(route="later", tenant="closed", idempotency_key="closed")
FORGED = command(route="later", tenant="closed", idempotency_key="forged")
REPEATED = command(route="later", idempotency_key="repeated")
REPLY = inbound(account="removed", reference="a-reply")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def before(
    amqp_url: str, management_url: str, postgres_dsn: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Before]:
    """Let a router refuse commands; run one of a later configuration in its place."""
    folder = tmp_path_factory.mktemp("operated")
    later = folder / "later.toml"
    later.write_text(CONFIGURATION.read_text() + LATER)
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(
            running_routers(amqp_url, management_url, postgres_dsn, number=0)
        )
        rabbit = world.rabbit
        where = (rabbit.management_url, rabbit.amqp_url, rabbit.vhost)
        users = [
            stack.enter_context(broker_user(*where, rights, name))
            for rights, name in ((operator_rights(), OPERATOR), (tenant_rights("closed"), OWN))
        ]
        operator, own = [await stack.enter_async_context(commander(user)) for user in users]
        [second] = build_routers(amqp_url, postgres_dsn, 1, folder, later)
        one = Before(world, second, operator, own)
        [first] = build_routers(amqp_url, postgres_dsn, 1, folder)
        async with first.router.lifespan_context(first):
            await _refused(one)
        await stack.enter_async_context(second.router.lifespan_context(second))
        yield one


async def _refused(before: Before) -> None:
    """Publish what the first router refuses."""
    world = before.world
    for body in (GOOD, STILL_BAD, REPEATED):
        assert (await world.ask(body)).what == "rejected"
    assert (await before.own.ask(world, CLOSED, "message.send")).what == "rejected"
    assert (await world.ask(FORGED)).what == "rejected"
    await world.tell(REPLY, key="inbound.whatsapp.normal")
    await before.letter(b"a-reply")


async def test_a_refused_command_is_replayed_once_its_route_is_there(before: Before) -> None:
    """It is accepted as it was, under its own key, and delivered; its letter is marked."""
    letter = await before.letter(GOOD)
    answer = await before.ask({"id": letter})
    assert (answer.what, answer.data["dead_letter"]) == ("accepted", letter)
    accepted = await before.world.heard("accepted", "good", 2)
    assert {data["command"] for data in accepted} == {"message.send", REPLAY}
    work = await before.world.work("sms", "good")
    await before.world.tell(receipt(work, Status.DELIVERED))
    [delivered] = await before.world.heard("delivered", "good")
    assert delivered["message_id"] == answer.data["message_id"]
    row = await before.row(letter)
    assert (row["replayed_by"], row["replay_result"]) == (OPERATOR, "handled")
    notes = await before.world.database.fetch(
        "SELECT note FROM router.history WHERE message_id = $1 AND fact LIKE 'replay:%'",
        answer.data["message_id"],
    )
    assert [note["note"] for note in notes] == [
        f"its command was replayed by {OPERATOR}: it was a dead letter"
    ]


async def test_what_is_still_wrong_stays(before: Before) -> None:
    """The answer says what is wrong now; the letter is there still, and says so too."""
    letter = await before.letter(STILL_BAD)
    answer = await before.ask({"id": letter})
    assert (answer.what, answer.data["field"]) == ("rejected", "id")
    assert answer.data["reason"].startswith("refused: route: no such route")
    assert (await before.row(letter))["replay_result"] == answer.data["reason"]


async def test_a_letter_is_replayed_twice_only_when_asked(before: Before) -> None:
    """The second time is refused, naming the first; `again` handles it again: a duplicate."""
    letter = await before.letter(REPEATED)
    assert (await before.ask({"id": letter})).what == "accepted"
    answer = await before.ask({"id": letter})
    assert answer.what == "rejected"
    assert f"by {OPERATOR} (handled)" in answer.data["reason"]
    assert (await before.ask({"id": letter, "again": True})).what == "accepted"
    count = "SELECT count(*) FROM router.messages WHERE idempotency_key = 'repeated'"
    assert await before.world.database.fetchval(count) == 1


async def test_a_redelivered_replay_is_no_second_one(before: Before) -> None:
    """The same command is answered as before, under the same event id."""
    letter = await before.letter(STILL_BAD)
    cause = str(uuid.uuid4())
    first = await before.ask({"id": letter, "again": True}, message_id=cause)
    again = await before.ask({"id": letter}, message_id=cause)
    assert first.data["reason"] == again.data["reason"]
    assert first.event["id"] == again.event["id"]


async def test_a_replay_keeps_whose_command_it_was(before: Before) -> None:
    """The tenant's own user's is accepted; the history has that user, not the operator."""
    answer = await before.ask({"id": await before.letter(CLOSED)})
    assert answer.key == "command.accepted.closed"
    user = await before.world.row(
        "SELECT element ->> 'user' FROM router.history"
        " WHERE message_id = $1 AND fact LIKE 'command:%'",
        answer.data["message_id"],
    )
    assert user == OWN


async def test_a_replay_lends_nobody_the_operators_rights(before: Before) -> None:
    """What a stranger published for the closed tenant is refused still."""
    answer = await before.ask({"id": await before.letter(FORGED)})
    assert answer.key == "command.rejected.unknown"
    assert answer.data["reason"].startswith("refused: tenant: ")


async def test_a_reply_is_told_once_its_account_is_configured(before: Before) -> None:
    """What a recipient wrote to an account that nobody knew becomes its event."""
    letter = await before.letter(b"a-reply")
    assert (await before.ask({"id": letter})).what == "accepted"
    [told] = [h for h in before.world.events if h.key.startswith("inbound.")]
    assert told.data["provider_message_id"] == "a-reply"


async def test_a_letter_whose_queue_has_no_handler(before: Before) -> None:
    """Work and what ingress did not understand are not replayed, and the answer says why."""
    exchange = await before.world.channel.get_exchange(DEAD, ensure=False)
    death: dict[str, Any] = {
        "queue": "outbound.sms.normal",
        "reason": "rejected",
        "exchange": OUTBOUND,
    }
    letters: list[tuple[str, dict[str, Any], str]] = [
        ("outbound.sms.normal", {"x-death": [death | {"routing-keys": ["sms.normal"]}]}, "work"),
        ("ingress.quarantine", {"reason": "no_status"}, "webhook"),
    ]
    for key, headers, said in letters:
        marker = uuid.uuid4().hex.encode()
        message = aio_pika.Message(marker, message_id=str(uuid.uuid4()), headers=headers)
        await exchange.publish(message, key)
        answer = await before.ask({"id": await before.letter(marker)})
        assert (answer.what, answer.data["field"]) == ("rejected", "id")
        assert said in answer.data["reason"]


async def test_an_operators_command_is_not_replayed(before: Before) -> None:
    """No letter can lead to itself."""
    body = {"id": f"no-such-letter-{uuid.uuid4()}", "colour": "red"}
    assert (await before.ask(body)).what == "rejected"
    answer = await before.ask({"id": await before.letter(body)})
    assert "operator's command" in answer.data["reason"]


async def _read(before: Before, path: str, reader: str = OPERATOR_TOKEN, **parameters: str) -> Any:
    answer = await ask(before.router, path, parameters, reader=reader)
    assert answer.status == 200, answer.body
    return answer.document


async def test_letters_are_listed_by_what_they_are(before: Before) -> None:
    """By tenant, reason, queue and time, page by page, without their bodies."""
    parameters = {"tenant": "default", "reason": "route", "since": "1h", "queue": COMMANDS}
    whole = await _read(before, "/dead-letters", **parameters)
    ids = [letter["id"] for letter in whole["dead_letters"]]
    assert await before.letter(STILL_BAD) in ids
    assert await before.letter(CLOSED) not in ids
    assert all("body" not in letter for letter in whole["dead_letters"])
    paged: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await _read(before, "/dead-letters", **parameters, **cursor, limit="1")
        paged += [letter["id"] for letter in page["dead_letters"]]
        if page["after"] is None:
            break
        cursor = {"after": page["after"]}
    assert paged == ids


async def test_a_letter_is_shown_masked(before: Before) -> None:
    """Which command it was, and neither whom it was for nor what it said."""
    letter = await before.letter(STILL_BAD)
    shown = await _read(before, f"/dead-letters/{letter}")
    assert (shown["id"], shown["idempotency_key"]) == (letter, "still-bad")
    assert shown["body"]["route"] == "never"
    assert shown["body"]["content"]["text"] == "<5 characters>"
    assert "+15550002222" not in json.dumps(shown)


async def test_a_whole_body_is_shown_to_whom_the_audit_names(before: Before) -> None:
    """The row has the token's name, and nothing of the body."""
    letter = await before.letter(STILL_BAD)
    shown = await _read(before, f"/dead-letters/{letter}", body="whole")
    assert json.loads(shown["body"]) == STILL_BAD
    [row] = await before.world.database.fetch(
        "SELECT broker_user, tenant, detail FROM router.audit WHERE subject = $1 AND act = $2",
        letter,
        "dead_letter.read",
    )
    assert tuple(row) == ("token:operator", "default", "{}")


@pytest.mark.parametrize("path", ["/dead-letters", "/dead-letters/any"])
async def test_a_tenants_token_reads_no_dead_letters(before: Before, path: str) -> None:
    """They are operators'."""
    assert (await ask(before.router, path, reader="default")).status == 403


BAD = [
    ({"limit": "0"}, "limit: "),
    ({"limit": "many"}, "limit: "),
    ({"since": "yesterday"}, "since: "),
    ({"since": "2026-01-01T00:00:00"}, "since: "),
    ({"after": "x"}, "after: "),
    ({"replayed": "maybe"}, "replayed: "),
    ({"queue": "a\0b"}, "queue: "),
    ({"colour": "red"}, "no such parameter"),
]


@pytest.mark.parametrize(("parameters", "said"), BAD)
async def test_a_bad_question_names_its_parameter(
    before: Before, parameters: dict[str, str], said: str
) -> None:
    """With what it should be."""
    answer = await ask(before.router, "/dead-letters", parameters)
    assert answer.status == 400
    assert answer.document["error"].startswith(said)


async def test_a_letter_that_is_not_there(before: Before) -> None:
    """Whatever it is called."""
    for name in ("nothing", "a/b:c", "nul\0"):
        assert (await ask(before.router, f"/dead-letters/{name}")).status == 404


async def test_a_key_tells_why_its_command_was_refused(before: Before) -> None:
    """When, the field, the reason and the letter; to the tenant's own readers."""
    names = {"idempotency_key": "still-bad"}
    [told] = (await _read(before, "/rejections", "default", **names))["rejections"]
    assert (told["field"], told["command"]) == ("route", "message.send")
    assert told["reason"].startswith("no such route")
    assert told["dead_letter"] == await before.letter(STILL_BAD)
    assert (await _read(before, "/rejections", "other", **names))["rejections"] == []
    refused = await ask(before.router, "/rejections", names | {"tenant": "default"}, reader="other")
    assert refused.status == 403


async def test_a_letter_is_dropped_and_the_audit_keeps_that(before: Before) -> None:
    """Its content is gone; told again, the drop is a duplicate."""
    body = command(route="nowhere", idempotency_key=str(uuid.uuid4()))
    assert (await before.world.ask(body)).what == "rejected"
    letter = await before.letter(body)
    assert (await before.ask({"id": letter}, DROP)).what == "accepted"
    assert (await before.ask({"id": letter}, DROP)).what == "duplicate"
    query = "SELECT count(*) FROM router.dead_letters WHERE id = $1"
    assert await before.world.database.fetchval(query, letter) == 0
    [row, _] = await before.world.database.fetch(
        "SELECT broker_user, tenant, detail FROM router.audit"
        " WHERE subject = $1 AND act = $2 ORDER BY id",
        letter,
        DROP,
    )
    assert (row["broker_user"], row["tenant"]) == (OPERATOR, "default")
    detail = json.loads(row["detail"])
    assert detail["answer"] == "accepted"
    assert detail["died_of"].startswith("route: no such route")


@pytest.mark.parametrize("key", [REPLAY, DROP])
async def test_an_unknown_letter(before: Before, key: str) -> None:
    """Is refused by the field that names it."""
    answer = await before.ask({"id": f"nothing-{key}"}, key)
    assert (answer.what, answer.data["field"]) == ("rejected", "id")
    assert answer.data["reason"] == "no such dead letter"


@pytest.mark.parametrize("key", [REPLAY, DROP])
async def test_nobody_else_may(before: Before, key: str) -> None:
    """Another user is refused, and the letter stays as it is."""
    letter = await before.letter(FORGED)
    rabbit = before.world.rabbit
    rights = replace(operator_rights(), topics=())
    with broker_user(rabbit.management_url, rabbit.amqp_url, rabbit.vhost, rights) as user:
        async with commander(user) as stranger:
            answer = await stranger.ask(before.world, {"id": letter}, key)
    assert (answer.what, answer.data["field"]) == ("rejected", "user")
    assert await before.letter(FORGED) == letter
