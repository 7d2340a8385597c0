"""The broker and the database a stack stands on: given ones, or private ones of its own."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from herald.service.server_urls import AMQP, POSTGRES
from herald.service.tls_switch import encrypted
from herald_local.errors import LocalError
from herald_local.postgresql_server import PostgresqlServer
from herald_local.rabbitmq_node import NodePorts, RabbitmqNode
from herald_local.saved_state import load_state, with_ports

PORTS = (
    "rabbitmq",
    "rabbitmq.management",
    "rabbitmq.metrics",
    "rabbitmq.distribution",
    "epmd",
    "postgresql",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Where the broker and the database are, with an administrator's credentials."""

    amqp_url: str = field(repr=False)
    management_url: str = field(repr=False)
    postgres_dsn: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenServers:
    """Servers named by the user, an administrator of theirs; None: run a private one.

    Raises:
        LocalError: a broker without its management interface, over which users are made.
    """

    amqp_url: str | None = field(default=None, repr=False)
    management_url: str | None = field(default=None, repr=False)
    postgres_dsn: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.amqp_url and not self.management_url:
            raise LocalError(
                "HERALD_RABBITMQ_MANAGEMENT_URL is not set: each service gets a broker user of its"
                " own, which takes an administrator's management URL beside HERALD_AMQP_URL"
            )

    def save(self, file: Path) -> None:
        """Keep it, for whoever removes what is made there."""
        file.touch(mode=0o600)
        file.write_text(json.dumps(dataclasses.asdict(self)))

    @classmethod
    def saved(cls, file: Path) -> GivenServers | None:
        """Return what was kept; None: nothing was."""
        return cls(**json.loads(file.read_text())) if file.exists() else None

    @classmethod
    def from_environment(cls) -> GivenServers:
        """Read the user's choice; what a stack's own `env` file set is not one."""
        if "HERALD_STACK" in os.environ:
            return cls()
        return cls(
            amqp_url=_named("HERALD_AMQP_URL", AMQP),
            management_url=os.environ.get("HERALD_RABBITMQ_MANAGEMENT_URL") or None,
            postgres_dsn=_named("HERALD_POSTGRES_DSN", POSTGRES),
        )


def _named(variable: str, schemes: tuple[str, ...]) -> str | None:
    url = os.environ.get(variable)
    try:
        return encrypted(url, schemes, os.environ) if url else None
    except ValueError as error:
        raise LocalError(f"{variable}: {error}") from None


def start_servers(
    home: Path, given: GivenServers, *, die_with_parent: bool, is_durable: bool = True
) -> Servers:
    """Start the private servers that are needed and not running; return where all are.

    `is_durable`: the database's data has to outlive the machine's crash.

    Raises:
        LocalError: a server is missing here or did not come up.
    """
    node, database = private_servers(home)
    if given.amqp_url is None and not node.is_running():
        node.start(die_with_parent=die_with_parent)
    if given.postgres_dsn is None and not database.is_running():
        database.start(die_with_parent=die_with_parent, is_durable=is_durable)
    return Servers(
        amqp_url=given.amqp_url or node.amqp_url,
        management_url=(given.amqp_url and given.management_url) or node.management_url,
        postgres_dsn=given.postgres_dsn or database.dsn,
    )


def stop_servers(home: Path, *, gracefully: bool = True) -> None:
    """End the private servers of the stack in `home`; what does not run is fine."""
    node, database = private_servers(home)
    database.stop()
    node.stop(gracefully=gracefully)


def erase(home: Path) -> None:
    """Remove everything the stopped stack in `home` left on disk."""
    database = home / "postgresql"
    if database.is_symlink():
        shutil.rmtree(database.resolve(), ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


@contextmanager
def running_servers(home: Path, given: GivenServers) -> Iterator[Servers]:
    """Run servers for the time of a `with` block; private ones die with this process at the latest.

    Raises:
        LocalError: a server is missing here or did not come up.
    """
    try:
        yield start_servers(home, given, die_with_parent=True, is_durable=False)
    finally:
        stop_servers(home, gracefully=False)
        erase(home)


def private_servers(home: Path) -> tuple[RabbitmqNode, PostgresqlServer]:
    """Return the broker and the database of the stack in `home`, running or not."""
    state = with_ports(home, load_state(home), PORTS)
    node_ports = NodePorts(
        amqp=state.ports["rabbitmq"],
        management=state.ports["rabbitmq.management"],
        distribution=state.ports["rabbitmq.distribution"],
        epmd=state.ports["epmd"],
        metrics=state.ports["rabbitmq.metrics"],
    )
    return (
        RabbitmqNode(home=home, ports=node_ports, password=state.secret("rabbitmq")),
        PostgresqlServer(
            home=home, port=state.ports["postgresql"], password=state.secret("postgresql")
        ),
    )
