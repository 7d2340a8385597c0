"""Real proxies on this machine, each of which calls from an address of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import SecretStr

from herald.egress.configuration import Member, ProxySecrets
from herald.egress.tunnels import Tunnel, make_tunnel
from herald.providers.credentials import Credentials
from herald_local.errors import MissingProgramsError
from herald_local.ports import free_port
from herald_local.proxy_programs import ProxyPrograms, find_or_install

USERNAME, PASSWORD = "herald", "open-sesame"
LOGIN = ProxySecrets(username=SecretStr(USERNAME), password=SecretStr(PASSWORD))
_TINYPROXY = """
Port {port}
Listen 127.0.0.1
Bind {address}
Timeout 60
MaxClients 300
LogLevel Error
LogFile "{log}"
BasicAuth {username} {password}
"""


def programs() -> ProxyPrograms:
    """Find or install them, or skip the test."""
    try:
        return find_or_install()
    except MissingProgramsError as error:
        pytest.skip(str(error))


@dataclass(slots=True)
class Proxy:
    """One proxy; `address` is the one it calls from."""

    kind: str  # as in herald.toml
    address: str
    folder: Path
    port: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    async def start(self) -> None:
        """Run it, on the port it had before if any."""
        self.port = self.port or free_port()
        self._launch()
        async with asyncio.timeout(10):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    return
                await asyncio.sleep(0.02)

    def _launch(self) -> None:
        command = self._tinyproxy() if self.kind == "http" else self._microsocks()
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )

    def tunnel(self, secrets: ProxySecrets = LOGIN) -> Tunnel:
        """Make Herald's way through it."""
        fields = {"kind": self.kind, "host": "127.0.0.1", "port": self.port}
        made = make_tunnel(Member.model_validate(fields), Credentials(secrets, lambda: secrets))
        assert made is not None
        return made

    def kill(self) -> None:
        """End it at once, with every connection through it."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _tinyproxy(self) -> list[str]:
        config = self.folder / f"tinyproxy-{self.port}.conf"
        config.write_text(
            _TINYPROXY.format(
                port=self.port,
                address=self.address,
                log=self.folder / f"tinyproxy-{self.port}.log",
                username=USERNAME,
                password=PASSWORD,
            )
        )
        return [str(programs().tinyproxy), "-d", "-c", str(config)]

    def _microsocks(self) -> list[str]:
        program = str(programs().microsocks)
        login = ["-u", USERNAME, "-P", PASSWORD]
        return [program, "-i", "127.0.0.1", "-p", str(self.port), *login, "-b", self.address]


@asynccontextmanager
async def running(folder: Path, *kinds: str) -> AsyncIterator[list[Proxy]]:
    """Run proxies of these kinds, each calling from an address of its own."""
    programs()
    proxies = [Proxy(kind, f"127.0.0.{21 + i}", folder) for i, kind in enumerate(kinds)]
    try:
        for proxy in proxies:
            await proxy.start()
        yield proxies
    finally:
        for proxy in proxies:
            proxy.kill()
