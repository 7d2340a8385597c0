"""The masking key: another one is refused, and `herald rehash` makes what is stored fit it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from behaviour.router.world import CONFIGURATION, World, build_routers, command, running_routers
from herald.contracts.identifiers import message_id_for
from herald.contracts.masking import MaskingKey, set_masking_key
from herald.database.masking_watch import OTHER_KEY
from herald.database.migrations import migrate
from herald.database.rehashing import RehashRefusedError, rehash
from reading import ask
from secret_files import MASKING_SECRET, write_masking_key

OWN, OTHER = MaskingKey(MASKING_SECRET), MaskingKey(b"\x07" * 32)
PHONE, EMAIL = "+15550002222", "ada@example.com"


@pytest.fixture
def other_key() -> Iterator[None]:
    """Let routers be built as after a change of the key file."""
    set_masking_key(OTHER)
    yield
    set_masking_key(OWN)


@pytest_asyncio.fixture
async def database(postgres_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """Give the module's database, migrated, with no key and no message."""
    await migrate(postgres_dsn)
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute("TRUNCATE router.masking, router.messages, router.recipients")
    yield connection
    await connection.close()


@asynccontextmanager
async def routers(
    database: asyncpg.Connection, amqp_url: str, management_url: str, dsn: str, number: int = 2
) -> AsyncIterator[World]:
    """Run routers until the block ends."""
    async with running_routers(amqp_url, management_url, dsn, number=number) as world:
        yield world


async def hashes(database: asyncpg.Connection, key: str) -> list[int]:
    """Return the hashes that a message is found by, in order."""
    rows = await database.fetch(
        "SELECT address_hash FROM router.recipients WHERE message_id = $1 ORDER BY place",
        message_id_for("default", key),
    )
    return [row["address_hash"] for row in rows]


async def masking(app: Starlette, *, until: str) -> None:
    """Wait until a router says this of its masking key."""
    async with asyncio.timeout(10):
        while (await ask(app, "/readyz")).document["checks"]["masking"] != until:  # noqa: ASYNC110  seen from outside
            await asyncio.sleep(0.05)


async def fill(database: asyncpg.Connection, number: int) -> None:
    """Put messages there as a version that knew no hashes left them."""
    await database.execute(
        "INSERT INTO router.messages (id, tenant, idempotency_key, command_hash, created_at, plan,"
        " content, state) SELECT gen_random_uuid(), 'default', n::text, '', now(),"
        """ json_build_object('steps', json_build_array(json_build_object('address', $1::text))),"""
        " '{}', '{}' FROM generate_series(1, $2) AS n",
        *(PHONE, number),
    )


async def test_a_message_is_found_by_each_of_its_addresses(
    database: asyncpg.Connection, amqp_url: str, management_url: str, postgres_dsn: str
) -> None:
    """A number that two channels share has one hash; what happens later changes no row of them."""
    async with routers(database, amqp_url, management_url, postgres_dsn) as world:
        body = command(to={"phone": PHONE, "email": EMAIL})
        await world.ask(body)
        key = body["idempotency_key"]
        assert await hashes(database, key) == [OWN.hash(PHONE), OWN.hash(EMAIL)]
        version = "SELECT array_agg(xmin::text) FROM router.recipients"
        before = await database.fetchval(version)
        await world.cancel(key)
        assert await database.fetchval(version) == before


async def test_routers_with_another_key_wait_for_a_rehash(
    database: asyncpg.Connection,
    amqp_url: str,
    management_url: str,
    postgres_dsn: str,
    tmp_path: Path,
    other_key: None,
) -> None:
    """They say what is wrong and what to run, take no command meanwhile, and go on after it."""
    set_masking_key(OWN)
    async with routers(database, amqp_url, management_url, postgres_dsn) as world:
        body = command(to={"phone": PHONE, "email": EMAIL})
        await world.ask(body)
        await world.row("SELECT count(DISTINCT router) = 2 FROM router.listeners")
        with pytest.raises(RehashRefusedError, match="routers run with the earlier key: 2;"):
            await rehash(postgres_dsn, OTHER)
    set_masking_key(OTHER)
    async with running_unready(amqp_url, postgres_dsn, tmp_path) as apps:
        for app in apps:
            await masking(app, until=OTHER_KEY)
        assert await rehash(postgres_dsn, OTHER) == 1
        for app in apps:
            await masking(app, until="ok")
    key = body["idempotency_key"]
    assert await hashes(database, key) == [OTHER.hash(PHONE), OTHER.hash(EMAIL)]


@asynccontextmanager
async def running_unready(amqp_url: str, dsn: str, folder: Path) -> AsyncIterator[list[Starlette]]:
    """Run two routers that may have nothing to do."""
    first, second = build_routers(amqp_url, dsn, 2, folder)
    async with first.router.lifespan_context(first), second.router.lifespan_context(second):
        yield [first, second]


async def test_what_was_stored_before_there_were_hashes_is_hashed_beside_routers(
    database: asyncpg.Connection, amqp_url: str, management_url: str, postgres_dsn: str
) -> None:
    """With the same key nobody has to stop; afterwards every message has its hashes."""
    await fill(database, 7)
    async with routers(database, amqp_url, management_url, postgres_dsn) as world:
        await world.ask(command())
        complete = "SELECT is_complete FROM router.masking"
        assert await database.fetchval(complete) is False
        assert await rehash(postgres_dsn, OWN, batch=3) == 8
        assert await database.fetchval(complete) is True
    found = "SELECT count(*) FROM router.recipients WHERE address_hash = $1"
    assert await database.fetchval(found, OWN.hash(PHONE)) == 8


async def test_a_rehash_goes_on_where_it_stopped(
    database: asyncpg.Connection, postgres_dsn: str
) -> None:
    """What is done is not done again, and another run meanwhile is refused."""
    await fill(database, 7)

    def stop(number: int) -> None:
        if number >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await rehash(postgres_dsn, OWN, batch=2, progress=stop)
    assert await database.fetchval("SELECT count(*) FROM router.recipients") == 4
    assert await rehash(postgres_dsn, OWN, batch=2) == 3
    assert await rehash(postgres_dsn, OWN, batch=2) == 7
    assert await database.fetchval("SELECT count(*) FROM router.recipients") == 7


async def test_one_rehash_runs_at_a_time(database: asyncpg.Connection, postgres_dsn: str) -> None:
    """Two keys at once would leave hashes of both."""
    await database.execute("SELECT pg_advisory_lock(x'68726568'::int)")
    with pytest.raises(RehashRefusedError, match="another `herald rehash` is running"):
        await rehash(postgres_dsn, OWN)


async def test_an_erased_message_keeps_the_hash_it_has(
    database: asyncpg.Connection, postgres_dsn: str
) -> None:
    """Its addresses are gone, so nothing can be hashed anew; by time it is found as before."""
    await fill(database, 2)
    await rehash(postgres_dsn, OWN)
    erased = """
        UPDATE router.messages SET erased_at = now(), plan = '{"steps": [{"address": ""}]}'
        WHERE id = (SELECT id FROM router.messages LIMIT 1) RETURNING id
    """
    first: UUID = await database.fetchval(erased)
    await rehash(postgres_dsn, OTHER)
    rows = await database.fetch("SELECT message_id, address_hash FROM router.recipients")
    kept = {row["message_id"]: row["address_hash"] for row in rows}
    assert kept.pop(first) == OWN.hash(PHONE)
    assert list(kept.values()) == [OTHER.hash(PHONE)]


async def test_the_senders_of_inbound_messages_are_hashed_too(
    database: asyncpg.Connection, postgres_dsn: str
) -> None:
    """Whoever wrote to us is found under the new key as well."""
    await database.execute(
        "INSERT INTO router.inbound (id, tenant, channel, provider, account, reference, content,"
        " sender, sender_hash) SELECT gen_random_uuid(), 'default', 'sms', 'twilio', 'main',"
        " n::text, 'text', $1, 1 FROM generate_series(1, 5) AS n",
        PHONE,
    )
    await rehash(postgres_dsn, OTHER, batch=2)
    rows = await database.fetch("SELECT sender_hash FROM router.inbound")
    assert [row["sender_hash"] for row in rows] == [OTHER.hash(PHONE)] * 5
    conversation = await database.fetchval("SELECT address_hash FROM router.conversations")
    assert conversation == OTHER.hash(PHONE)


async def test_the_command_hashes_under_the_configured_key(
    database: asyncpg.Connection, postgres_dsn: str, tmp_path: Path
) -> None:
    """`herald rehash` reads the key beside herald.toml, and says how many messages it hashed."""
    await fill(database, 3)
    (tmp_path / "herald.toml").write_text(CONFIGURATION.read_text())
    write_masking_key(tmp_path, b"\x07" * 32)
    environment = {
        **os.environ,
        "HERALD_POSTGRES_DSN": postgres_dsn,
        "HERALD_CONFIG": str(tmp_path / "herald.toml"),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "herald.cli", "rehash", "--json"),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert (process.returncode, json.loads(said)) == (0, {"messages": 3})
    found = "SELECT count(*) FROM router.recipients WHERE address_hash = $1"
    assert await database.fetchval(found, OTHER.hash(PHONE)) == 3
