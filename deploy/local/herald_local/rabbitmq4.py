"""RabbitMQ 4.x of Debian 13 beside the machine's own, for the time of one command."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from herald_local import debian_folder
from herald_local.progress import report
from herald_local.rabbitmq_programs import DEBIAN_SCRIPTS, PACKAGE, RabbitmqPrograms
from herald_local.servers import erase, private_servers

RELEASE = "trixie"


def run_beside(home: Path, command: Sequence[str]) -> int:
    """Run a command with the HERALD_TEST_* of a broker of its own; return its exit code.

    Raises:
        LocalError: the broker can't be had, or did not come up.
    """
    root, data = home / RELEASE, home / "node"
    debian_folder.make(root, RELEASE, PACKAGE)
    data.mkdir(parents=True, exist_ok=True)
    node, _ = private_servers(data)
    programs = RabbitmqPrograms(
        server=DEBIAN_SCRIPTS / "rabbitmq-server",
        epmd=Path("/usr/bin/epmd"),
        prefix=debian_folder.entering(root, data),
    )
    try:
        node.start(die_with_parent=True, programs=programs)
        report(f"RabbitMQ {node.version()} runs")
        given = {
            "HERALD_TEST_AMQP_URL": node.amqp_url,
            "HERALD_TEST_RABBITMQ_MANAGEMENT_URL": node.management_url,
        }
        before = signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is the command's to take
        try:
            environment = {**os.environ, **given}
            return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603  our caller's
        finally:
            signal.signal(signal.SIGINT, before)
    finally:
        node.stop(gracefully=False)
        erase(data)
