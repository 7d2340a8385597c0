"""A private PostgreSQL server on the loopback interface."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from herald_local import databases, ports, postgresql_programs, processes
from herald_local.errors import NotReadyError
from herald_local.parent_death import dying_with_parent
from herald_local.programs import run
from herald_local.progress import report
from herald_local.unprivileged import Identity, unprivileged_identity
from herald_local.waiting import wait_until

SERVER = "postgresql"
USER = "postgres"
START_SECONDS = 60
STOP_SECONDS = 30
EVERYBODYS = "/var/tmp"  # noqa: S108  mkdtemp makes a folder of its own below it


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresqlServer:
    """One private server of the stack in `home`."""

    home: Path
    port: int
    password: str = field(repr=False)

    @property
    def dsn(self) -> str:
        """The administrator's DSN of the database `postgres`."""
        return f"postgresql://{USER}:{self.password}@{ports.LOOPBACK}:{self.port}/postgres"

    @property
    def directory(self) -> Path:
        """Where its files are: below `home`, or where a link there leads."""
        return (self.home / "postgresql").resolve()

    def is_running(self) -> bool:
        """Say whether the server's process lives."""
        return processes.running_pid(self.home, SERVER) is not None

    def start(
        self,
        *,
        die_with_parent: bool,
        is_durable: bool = True,
        identity: Identity | None = None,
    ) -> None:
        """Create the cluster if it is new, start the server and wait until it accepts connections.

        One that is not durable waits for no disk: its data may be lost when the machine crashes.

        Raises:
            LocalError: PostgreSQL is missing, or did not come up.
        """
        identity = identity or unprivileged_identity()
        self._make_directory(identity)
        programs = self._reachable(postgresql_programs.find(), identity)
        report(f"starting PostgreSQL on 127.0.0.1:{self.port}")
        if not self._data.exists():
            self._create_cluster(programs, identity)
        command = [str(programs / "postgres"), "-D", str(self._data), "-p", str(self.port)]
        command += [] if is_durable else ["-c", "fsync=off"]
        command = dying_with_parent(command, "INT") if die_with_parent else command
        processes.launch(self.home, SERVER, identity.command(command), _environment())
        wait_until(
            self._accepts,
            timeout_seconds=START_SECONDS,
            complaint=lambda: self._complaint("PostgreSQL does not accept connections"),
        )

    def stop(self) -> None:
        """End the server without waiting for its clients (a fast shutdown)."""
        processes.stop(
            self.home, [SERVER], first_signal=signal.SIGINT, patience_seconds=STOP_SECONDS
        )

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    def _accepts(self) -> bool:
        if not self.is_running():
            raise NotReadyError(self._complaint("PostgreSQL ended while starting"))
        return databases.accepts(self.dsn)

    def _complaint(self, what: str) -> str:
        return f"{what}\n{processes.log_tail(self.home, SERVER)}"

    def _make_directory(self, identity: Identity) -> None:
        below_home = self.home / "postgresql"
        if not below_home.exists() and not identity.reaches(below_home):
            # e.g. a checkout in root's own folder: the data goes where the account may go
            elsewhere = tempfile.mkdtemp(prefix=f"herald-{self.home.name}-", dir=EVERYBODYS)
            below_home.unlink(missing_ok=True)
            below_home.symlink_to(elsewhere)
        self.directory.mkdir(exist_ok=True)
        identity.own(self.directory)

    def _reachable(self, programs: Path, identity: Identity) -> Path:
        """Return the programs' folder, or a copy where the identity can't get at it."""
        if identity.reaches(programs / "postgres"):
            return programs
        return postgresql_programs.copy_embedded(self.directory / "programs")

    def _create_cluster(self, programs: Path, identity: Identity) -> None:
        secret = self.directory / "password"
        secret.touch(mode=0o600)
        secret.write_text(self.password)
        identity.own(secret)
        # made beside its final place: an interrupted initdb must not look like a cluster
        unfinished = self.directory / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        initdb = [str(programs / "initdb"), "--pgdata", str(unfinished), "--username", USER]
        options = ["--auth=scram-sha-256", "--pwfile", str(secret), "--no-sync", "--encoding=UTF8"]
        settings = ["--locale=C.UTF-8", "--no-instructions"]
        try:
            command = identity.command([*initdb, *options, *settings])
            run(command, environment=_environment())
        finally:
            secret.unlink()
        (unfinished / "postgresql.auto.conf").write_text(_SETTINGS)
        unfinished.rename(self._data)


# TCP only: a socket's path may be at most 107 characters, and a checkout's path has no such limit.
_SETTINGS = """\
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
"""


def _environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("PG")} | {"TZ": "UTC"}
