"""deploy/compose.yaml under Docker Compose: what it starts sends a message and ends well.

Debian's servers stand in for the published images; Grafana has no stand-in.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy.images.docker_engine import DockerError, Engine
from herald_local.compose_files import write_compose_files
from herald_local.waiting import wait_until
from herald_local.web import call

HERALD = ("router", "channel-whatsapp", "channel-sms", "channel-email", "ingress")
JOBS = ("permissions", "topology", "migrate")
FILES = ("deploy/compose.yaml", "deploy/image/stand-in/servers.yaml")
PROMETHEUS = "http://127.0.0.1:9090"
SCRAPED_SECONDS = 60
PUBLIC, HTTP_NOT_FOUND = "http://127.0.0.1:8001", 404

pytestmark = pytest.mark.timeout(900)  # the first one waits for all images and all servers


@dataclass(frozen=True, slots=True)
class Deployment:
    """Everything that the compose file names, running."""

    engine: Engine
    home: Path

    def compose(self, *command: str) -> str:
        """Run a command of Docker Compose's."""
        files = [word for file in FILES for word in ("--file", file)]
        environment = ("--env-file", str(self.home / "env"))
        return self.engine.must("docker-compose", *environment, *files, *command)

    def up(self) -> None:
        """Start everything and wait until it is healthy.

        Raises:
            DockerError: something is not; the text ends with what each container logged last.
        """
        try:
            self.compose("up", "--no-build", "--wait", "--wait-timeout", "180")
        except DockerError as error:
            raise DockerError(f"{error}\n{self.compose('logs', '--tail', '8')}") from None

    def containers(self) -> dict[str, dict[str, Any]]:
        """Return what Compose says of each container, ended ones too."""
        lines = self.compose("ps", "--all", "--format", "json").splitlines()
        return {item["Service"]: item for item in map(json.loads, lines)}

    def herald(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run the `herald` command as an operator's shell does, on the published ports."""
        lines = (self.home / "client").read_text().splitlines()
        words = [shlex.split(line)[1].split("=", 1) for line in lines]
        return subprocess.run(
            [sys.executable, "-m", "herald.cli", *command],
            env={**os.environ, **dict(words)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture(scope="module")
def deployment(
    images: Engine, servers: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    del servers  # it is there
    home = tmp_path_factory.mktemp("compose")
    write_compose_files(home)
    _open_the_way_to(home)
    running = Deployment(images, home)
    try:
        running.up()
        yield running
    finally:
        running.compose("down", "--volumes", "--timeout", "10")


def _open_the_way_to(home: Path) -> None:
    """Let the engine's users through pytest's own folder; `home` itself stays closed."""
    for folder in (home.parent, home.parent.parent):
        folder.chmod(0o755)


def test_every_service_becomes_healthy_and_every_job_is_done(deployment: Deployment) -> None:
    """Services are ready by their own word; jobs ended with 0."""
    found = deployment.containers()
    assert {found[name]["Health"] for name in (*HERALD, "sandbox")} == {"healthy"}
    assert {(found[name]["State"], found[name]["ExitCode"]) for name in JOBS} == {("exited", 0)}


def test_a_message_falls_back_and_is_delivered(deployment: Deployment) -> None:
    """Command, worker, provider, webhook and event: all of it under its own users and roles."""
    sent = deployment.herald(
        *("send", "--phone", "+15550000002", "--email", "ada@example.com"),
        *("--text", "On its way.", "--key", "compose-1", "--wait", "delivered"),
    )
    assert sent.returncode == 0, sent.stdout + sent.stderr
    timeline = deployment.herald("timeline", "compose-1")
    assert "fallback whatsapp" in timeline.stdout, timeline.stdout
    assert "succeeded" in timeline.stdout


def test_the_broker_has_no_user_that_everybody_knows(deployment: Deployment) -> None:
    """Neither `guest` nor a user that the compose file does not make."""
    listed = deployment.compose(
        "exec", "-T", "rabbitmq", "rabbitmqctl", "--quiet", "--no-table-headers", "list_users"
    )
    users = {line.split()[0] for line in listed.splitlines() if line.strip()}
    made = {path.name for path in (deployment.home / "broker").iterdir()}
    assert users == made | {"herald-admin"}


def test_only_webhooks_are_shown_at_the_public_port(deployment: Deployment) -> None:
    """Ingress answers there, and says nothing of its health."""
    del deployment
    assert call("GET", f"{PUBLIC}/readyz").status == HTTP_NOT_FOUND


def test_prometheus_scrapes_every_service(deployment: Deployment) -> None:
    """Under the jobs that rules and dashboards mean."""
    del deployment

    def up() -> set[str]:
        answer = call("GET", f"{PROMETHEUS}/api/v1/targets?state=active")
        targets = json.loads(answer.body)["data"]["activeTargets"] if answer.body else []
        return {target["labels"]["job"] for target in targets if target["health"] == "up"}

    wanted = {f"herald-{name}" for name in HERALD} | {"rabbitmq"}
    wait_until(
        lambda: wanted <= up(),
        timeout_seconds=SCRAPED_SECONDS,
        complaint=lambda: f"not scraped: {wanted - up()}",
    )


def test_a_service_that_is_stopped_finishes_what_it_holds(deployment: Deployment) -> None:
    """As the first process of its container it heeds SIGTERM: it says so, and ends with 0."""
    deployment.compose("stop", *HERALD)
    found = deployment.containers()
    assert {name: found[name]["ExitCode"] for name in HERALD} == dict.fromkeys(HERALD, 0)
    for name in HERALD:
        said = deployment.compose("logs", "--no-log-prefix", "--tail", "5", name)
        assert '.stopped"' in said, said
