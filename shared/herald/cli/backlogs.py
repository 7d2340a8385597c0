"""What waits in queues and in the database, read with an ordinary user's rights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import aio_pika
import asyncpg
from aiormq.exceptions import ChannelNotFoundEntity

from herald.bus.connection_keeper import CONNECT_SECONDS
from herald.client.connection import explained
from herald.client.errors import ClientError
from herald.contracts.topology import topology_for
from herald.database.pool import OUTAGES
from herald.database.problems import problem_of

_BACKLOG = """
SELECT current_setting('server_version') AS version,
    (SELECT count(*) FROM router.messages WHERE due_at < now() - interval '10 seconds') AS overdue,
    (SELECT count(*) FROM router.messages WHERE silence_at < now() - interval '10 seconds') AS held,
    (SELECT count(*) FROM router.outbox) AS outbox,
    (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::float FROM router.outbox)
        AS outbox_age_seconds,
    (SELECT count(*) FROM router.dead_letters WHERE received_at > now() - interval '1 day')
        AS dead_letters_today,
    (SELECT string_agg(schema || ' ' || number, ', ' ORDER BY schema) FROM (
        SELECT schema, max(number) AS number FROM public.herald_migrations GROUP BY schema
    ) AS newest) AS schemas
"""


@dataclass(slots=True)
class Queue:
    """A queue of Herald's: how much waits and how many consume."""

    name: str
    waiting: int = 0
    consumers: int = 0
    problem: str = ""


@dataclass(slots=True)
class Broker:
    """The broker, as far as it can be asked."""

    problem: str = ""
    version: str = ""
    queues: list[Queue] = field(default_factory=list)


@dataclass(slots=True)
class Database:
    """What the router still has to do, by its database."""

    problem: str = ""
    version: str = ""
    schemas: str = ""
    overdue: int = 0
    held: int = 0
    outbox: int = 0
    outbox_age_seconds: float = 0.0
    dead_letters_today: int = 0

    def rows(self) -> Iterator[tuple[str, str]]:
        """Name each figure for a person."""
        yield "schema versions", self.schemas
        yield "messages overdue by 10 s or more", str(self.overdue)
        yield "messages whose silence can't be judged yet", str(self.held)
        yield "transactions to publish", f"{self.outbox} (oldest {self.outbox_age_seconds:.0f} s)"
        yield "dead letters of the last day", str(self.dead_letters_today)


async def read_broker(url: str, channels: Iterable[str]) -> Broker:
    """Ask the broker how much waits in each queue; what is wrong with it is in `problem`."""
    try:
        with explained(url):
            connection = await aio_pika.connect(url, timeout=CONNECT_SECONDS)
            async with connection:
                queues = [await _queue(connection, q.name) for q in topology_for(channels).queues]
                return Broker(version=_version(connection), queues=queues)
    except ClientError as error:
        return Broker(problem=str(error))


def _version(connection: aio_pika.abc.AbstractConnection) -> str:
    assert connection.transport is not None
    version = connection.transport.connection.server_properties.get("version", "?")
    return version.decode() if isinstance(version, bytes) else str(version)


async def _queue(connection: aio_pika.abc.AbstractConnection, name: str) -> Queue:
    channel = await connection.channel()  # one each: a queue that is missing closes it
    try:
        declared = (await channel.declare_queue(name, passive=True)).declaration_result
    except ChannelNotFoundEntity:
        return Queue(name, problem="does not exist; run herald topology apply")
    waiting, consumers = declared.message_count or 0, declared.consumer_count or 0
    await channel.close()
    return Queue(name, waiting, consumers, "" if consumers else "nobody consumes it")


async def read_database(dsn: str) -> Database:
    """Read the router's backlog; what is wrong is in `problem`."""
    try:
        connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
    except OUTAGES as error:
        return Database(problem=problem_of(error, dsn))
    try:
        row = await connection.fetchrow(_BACKLOG)
    except asyncpg.PostgresError as error:
        return Database(problem=problem_of(error, dsn))
    finally:
        await connection.close()
    return Database(**dict(row)) if row else Database()
