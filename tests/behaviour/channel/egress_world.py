"""An SMS channel whose calls go by real proxies to a stand-in of its provider."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from behaviour.channel.world import World, attempt_id, next_of, work
from herald.channel.service import Channel, make_provider
from herald.contracts.durations import parse_duration
from proxies import PASSWORD, USERNAME, Proxy
from secret_files import write_secrets

SECRETS = f'username = "{USERNAME}"\npassword = "{PASSWORD}"\n'


@dataclass(slots=True)
class Twilio:
    """Takes every message; keeps from which address each came, by its attempt."""

    taken: list[tuple[str, str]] = field(default_factory=list)  # attempt and address
    delay: float = 0.0
    url: str = ""

    @property
    def by_address(self) -> Counter[str]:
        return Counter(address for _, address in self.taken)

    @property
    def attempts(self) -> Counter[str]:
        return Counter(attempt for attempt, _ in self.taken)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests."""
        address = writer.get_extra_info("peername")[0]
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                body = parse_qs((await reader.readexactly(length)).decode())
                callback = parse_qs(urlsplit(body["StatusCallback"][0]).query)
                self.taken.append((callback["attempt"][0], address))
                await asyncio.sleep(self.delay)
                answer = json.dumps({"sid": f"SM{len(self.taken):032}"}).encode()
                writer.write(
                    b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@asynccontextmanager
async def twilio() -> AsyncIterator[Twilio]:
    """Serve on loopback."""
    made = Twilio()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()


def egress_toml(folder: Path, proxies: Sequence[Proxy]) -> str:
    """Configure a pool of all these proxies, for every account."""
    write_secrets(folder / "proxy.toml", SECRETS)
    names = [proxy.kind for proxy in proxies]
    members = [
        f'[egress.members.{proxy.kind}]\nkind = "{proxy.kind}"\nhost = "127.0.0.1"\n'
        f'port = {proxy.port}\nsecrets_file = "proxy.toml"\n'
        for proxy in proxies
    ]
    pool = f'[egress]\ndefault = "pool"\n[egress.pools.pool]\nmembers = {json.dumps(names)}\n'
    return "\n" + "".join([pool, *members])


@asynccontextmanager
async def channel(
    world: World,
    provider: Twilio,
    proxies: Sequence[Proxy],
    *,
    dsn: str | None = None,
    **options: object,
) -> AsyncIterator[Channel]:
    """Run a channel whose calls go by a pool of these proxies; `options` are its account's."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in options.items()]
    rules = "\n".join([*lines, egress_toml(world.folder, proxies)])
    url = provider.url
    async with world.channel(dsn=dsn, base_url=url, more=rules, make=make_provider) as running:
        yield running


async def play(world: World, senders: Sequence[str], number: int) -> dict[str, str]:
    """Send works as a router does, again those that come back; return how each attempt ended."""
    ended: dict[str, str] = {}
    attempts = {attempt_id(): senders[i % len(senders)] for i in range(number)}
    dispatches = dict.fromkeys(attempts, 1)
    works = [work(attempt, sender=sender) for attempt, sender in attempts.items()]
    await world.send(bodies=works)
    async with world.receipts_queue() as queue, asyncio.TaskGroup() as tasks:
        while len(ended) < number:
            receipt = json.loads((await next_of(queue)).body)
            name = receipt["attempt_id"]
            if receipt["status"] == "returned":
                dispatches[name] += 1
                again = work(
                    name,
                    sender=attempts[name],
                    dispatch=dispatches[name],
                    grant=receipt["returned"].get("grant"),
                )
                wait = parse_duration(receipt["returned"].get("wait", "100ms")).total_seconds()
                tasks.create_task(_later(wait, world, again))
            else:
                assert name not in ended
                ended[name] = receipt["status"]
    return ended


async def _later(seconds: float, world: World, again: bytes) -> None:
    await asyncio.sleep(seconds)
    await world.send(bodies=[again])
