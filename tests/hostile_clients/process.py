"""An ingress in a process of its own, seen from outside: its memory, its descriptors, its log."""

from __future__ import annotations

import asyncio
import os
import re
import resource
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from cryptography.hazmat.primitives.asymmetric import ec

from behaviour.ingress.gateway import Providers, configure, public_key_of, until_well

FILES = 1_024  # what many machines allow
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class IngressProcess:
    """A process, and those who call it."""

    pid: int
    port: int
    providers: Providers
    log: Path

    @property
    def peak_megabytes(self) -> int:
        """The most memory that it ever had."""
        return self._status("VmHWM") * 1024 // _MEGABYTE

    @property
    def descriptors(self) -> int:
        """How many files and sockets it has open."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    async def figure(self, metric: str) -> float:
        """Read a figure without labels from its metrics."""
        text = (await self.providers.operations("/metrics")).body.decode()
        found = re.search(rf"^{metric} (\S+)$", text, re.MULTILINE)
        assert found is not None
        return float(found[1])

    def _status(self, name: str) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(rf"^{name}:\s+(\d+) kB$", status, re.MULTILINE)
        assert found is not None
        return int(found[1])


@asynccontextmanager
async def ingress_process(
    amqp_url: str, folder: Path, ports: tuple[int, int]
) -> AsyncIterator[IngressProcess]:
    """Run ingress with few descriptors; `ports` are its public one and its other one."""
    key, log = ec.generate_private_key(ec.SECP256R1()), folder / "ingress.log"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HERALD_")}
    environment = {
        "HERALD_AMQP_URL": amqp_url,
        "HERALD_CONFIG": str(configure(folder, public_key_of(key))),
        "HERALD_HTTP_PORT": str(ports[0]),
        "HERALD_OPERATIONS_PORT": str(ports[1]),
        "HERALD_SPOOL_DIR": str(folder / "spool"),
    }
    with log.open("wb") as written:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "ingress",
            env={**clean, **environment},
            stderr=written,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES)),
        )
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    try:
        async with aiohttp.ClientSession() as http:
            providers = Providers(urls[0], urls[1], http, key)
            await until_well(providers)
            yield IngressProcess(process.pid, ports[0], providers, log)
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def attacked(port: int, name: str, number: int) -> AsyncIterator[None]:
    """Attack a port for the time of a `with` block, which begins once the attack is in place."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "hostile_clients.attacks", str(port), name, str(number)),
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            assert await process.stdout.readline() != b""
        yield
    finally:
        process.stdin.close()
        await process.wait()
