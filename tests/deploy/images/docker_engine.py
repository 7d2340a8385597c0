"""A Docker engine of the test's own, whose images, networks and ports nobody else sees."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from herald_local import processes
from herald_local.parent_death import dying_with_parent
from herald_local.waiting import wait_until

ROOT = Path(__file__).parents[3]
START_SECONDS = 30
SECONDS = 1200  # all images, on a busy machine


class DockerError(Exception):
    """A command of Docker's failed; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended."""

    code: int
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Where the engine is asked."""

    host: str

    def run(self, *command: str, environment: Mapping[str, str] | None = None) -> Finished:
        """Run a client of the engine's to its end, in the root of the repository."""
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "DOCKER_HOST": self.host, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return Finished(done.returncode, done.stdout)

    def must(self, *command: str, environment: Mapping[str, str] | None = None) -> str:
        """Run a client and return what it printed.

        Raises:
            DockerError: it failed.
        """
        done = self.run(*command, environment=environment)
        if done.code != 0:
            raise DockerError(f"{' '.join(command)}: {done.code}\n{done.output[-6000:]}")
        return done.output


@contextmanager
def running_engine(data: Path) -> Iterator[Engine]:
    """Run an engine for the time of a block; what it builds stays in `data` for the next time.

    It changes the network's rules, so the process should have a network namespace of its own.
    """
    with tempfile.TemporaryDirectory(prefix="herald-docker-") as folder:
        home = Path(folder)  # a socket's path must be short
        engine = Engine(host=f"unix://{home}/docker.sock")
        command = ["dockerd", "--host", engine.host, "--data-root", str(data.resolve())]
        command += ["--exec-root", str(home / "exec"), "--pidfile", str(home / "dockerd.pid")]
        try:
            processes.launch(home, "dockerd", dying_with_parent(command), dict(os.environ))
            wait_until(
                lambda: engine.run("docker", "info").code == 0,
                timeout_seconds=START_SECONDS,
                complaint=lambda: processes.log_tail(home, "dockerd"),
            )
            yield engine
        finally:
            processes.stop(home, ["dockerd"])
