"""A private Alertmanager on a free port of the loopback interface."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.server_process import running
from herald_local import prometheus_programs
from herald_local.ports import LOOPBACK, free_port
from herald_local.web import call

NAME = "alertmanager"


@dataclass(frozen=True, slots=True)
class Alertmanager:
    """An Alertmanager that runs; `address` is what Prometheus is given."""

    address: str

    def alerts(self) -> list[dict[str, Any]]:
        """Return the alerts it has, each with `labels`, `annotations` and `status`."""
        response = call("GET", f"http://{self.address}/api/v2/alerts")
        found: list[dict[str, Any]] = json.loads(response.body or b"[]")
        return found


@contextmanager
def running_alertmanager(home: Path, configuration: Path) -> Iterator[Alertmanager]:
    """Run an Alertmanager with a configuration for the time of a `with` block.

    Its files are under `home`. It talks to no other Alertmanager.

    Raises:
        LocalError: it is missing and can't be installed, or did not become ready.
    """
    programs = prometheus_programs.find_or_install()
    address = f"{LOOPBACK}:{free_port()}"
    command = [
        str(programs.alertmanager),
        f"--config.file={configuration}",
        f"--storage.path={home / NAME}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
    with running(home, NAME, command, f"http://{address}/-/ready"):
        yield Alertmanager(address)
