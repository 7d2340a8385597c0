"""A whole Herald on one machine, as its users see it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from herald_local.access import Access
from herald_local.ports import LOOPBACK
from herald_local.servers import Servers


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """Where everything of a stack is. `home` holds its configuration, data, logs and pid files."""

    home: Path
    access: Access
    ports: Mapping[str, int]

    @property
    def name(self) -> str:
        return self.home.name

    @property
    def servers(self) -> Servers:
        """An administrator's URLs of the stack's virtual host and database; no service has them."""
        return self.access.servers

    @property
    def amqp_url(self) -> str:
        """The broker's URL of whoever works with the stack: an operator's."""
        return self.access.amqp_url("operator")

    @property
    def postgres_dsn(self) -> str:
        """The database's DSN of whoever works with the stack: an operator's."""
        return self.access.postgres_dsn("operator")

    @property
    def ingress_url(self) -> str:
        return self.url("ingress")

    @property
    def router_url(self) -> str:
        return self.url("router")

    @property
    def sandbox_url(self) -> str:
        return self.url("sandbox")

    @property
    def config(self) -> Path:
        return self.home / "herald.toml"

    @property
    def sandbox_config(self) -> Path:
        return self.home / "sandbox.toml"

    @property
    def read_token_file(self) -> Path:
        """The token with which an operator reads at the router."""
        return self.home / "secrets" / "read.token"

    @property
    def requests_file(self) -> Path:
        """The sandbox's record of every request it accepted, one JSON line each."""
        return self.home / "requests.jsonl"

    def url(self, service: str) -> str:
        """Return a service's base URL, without a closing slash."""
        return f"http://{LOOPBACK}:{self.ports[service]}"

    def operations_port(self, service: str) -> int:
        """Return the port of a service's operations listener; some have no other listener."""
        return self.ports.get(f"{service}.operations", self.ports[service])

    def operations_url(self, service: str) -> str:
        """Return the base URL of a service's health and metrics, without a closing slash."""
        return f"http://{LOOPBACK}:{self.operations_port(service)}"

    @property
    def environment(self) -> dict[str, str]:
        """What whoever works with the stack needs to know."""
        return {
            "HERALD_STACK": self.name,
            "HERALD_AMQP_URL": self.amqp_url,
            "HERALD_POSTGRES_DSN": self.postgres_dsn,
            "HERALD_CONFIG": str(self.config),
            "HERALD_INGRESS_URL": self.ingress_url,
            "HERALD_ROUTER_URL": self.router_url,
            "HERALD_READ_TOKEN_FILE": str(self.read_token_file),
            "HERALD_SANDBOX_URL": self.sandbox_url,
            "HERALD_SERVICES": ",".join(
                f"{name}={self.operations_url(name)}"
                for name in self.ports
                if name in {"router", "ingress"} or name.startswith("channel-")
            ),
        }

    @property
    def administrators_environment(self) -> dict[str, str]:
        """What `herald topology permissions --apply` and `herald migrate --roles` need."""
        return self.environment | {
            "HERALD_AMQP_URL": self.servers.amqp_url,
            "HERALD_POSTGRES_DSN": self.servers.postgres_dsn,
            "HERALD_RABBITMQ_MANAGEMENT_URL": self.servers.management_url,
        }


def exports(environment: Mapping[str, str]) -> str:
    """Write an environment as lines for a shell to read."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    return "\n".join(lines) + "\n"
