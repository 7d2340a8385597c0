"""Herald's services as processes of a stack."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from yarl import URL

from herald.service.tls_switch import VARIABLE as TLS_SWITCH
from herald_local import processes
from herald_local.errors import NotReadyError
from herald_local.names import OWN_CHANNELS
from herald_local.parent_death import dying_with_parent
from herald_local.ports import LOOPBACK
from herald_local.programs import run
from herald_local.stack import Stack
from herald_local.waiting import wait_until
from herald_local.web import call

READY_SECONDS = 60
STOP_SECONDS = 45  # a service drains what it holds before it ends
HTTP_OK = 200
# Checks that keep no stack from starting: silence is judged late for a while after an outage,
# accounts and members of the egress are down or paused until somebody calls or resumes them.
LASTING = frozenset({"silence", "accounts", "egress"})


@dataclass(frozen=True, slots=True)
class Service:
    """One service: its name here, and the package that `python -m` runs."""

    name: str
    package: str
    arguments: tuple[str, ...] = ()  # of that package
    user: str | None = None  # which of the broker's, by `names.PARTS`
    role: str | None = None  # which of the database's
    public: bool = False  # listens for others than operators


# in the order in which they start; they stop the other way round
SERVICES = (
    Service("sandbox", "sandbox", public=True),
    Service("router", "router", user="router", role="router"),
    Service("channel-whatsapp", "channel_whatsapp", user="whatsapp", role="channel"),
    Service("channel-email", "channel_email", user="email", role="channel"),
    Service("channel-sms", "channel_sms", user="sms", role="channel"),
    *(
        Service(
            f"channel-{name}",
            "herald.cli",
            arguments=("channel", "run", name),
            user=name,
            role="channel",
        )
        for name in OWN_CHANNELS
    ),
    Service("ingress", "ingress", user="ingress", public=True),
)
NAMES = tuple(service.name for service in SERVICES)
PORTS = (*NAMES, "ingress.operations", "sandbox.smtp", "sandbox.proxy")


def prepare(stack: Stack) -> None:
    """Make users and roles, and bring the schema and the topology up to date.

    Raises:
        ProgramError: one of these failed; the message holds its words.
    """
    users, roles = stack.access.write_passwords(stack.home)
    prefix = stack.access.names.roles.prefix
    administrator = stack.administrators_environment
    topology = stack.environment | {"HERALD_AMQP_URL": stack.access.amqp_url("topology")}

    def prepare_broker() -> None:
        _herald(administrator, "topology", "permissions", "--apply", "--passwords", str(users))
        management = _as_user(stack, administrator["HERALD_RABBITMQ_MANAGEMENT_URL"], "topology")
        _herald(topology | {"HERALD_RABBITMQ_MANAGEMENT_URL": management}, "topology", "apply")

    with ThreadPoolExecutor(max_workers=1) as thread:
        broker = thread.submit(prepare_broker)
        options = ("--role-prefix", prefix, "--passwords", str(roles))
        _herald(administrator, "migrate", "--roles", *options)
        broker.result()


def _as_user(stack: Stack, management_url: str, part: str) -> str:
    login = URL(stack.access.amqp_url(part))
    return str(URL(management_url).with_user(login.user).with_password(login.password))


def _herald(environment: Mapping[str, str], *arguments: str) -> None:
    command = [sys.executable, "-m", "herald.cli", *arguments]
    known_as = f"herald {' '.join(arguments[:2])}"
    run(command, environment=_inherited() | dict(environment), known_as=known_as)


def start(stack: Stack, names: Sequence[str] = NAMES, *, die_with_parent: bool) -> None:
    """Start services and wait until all are ready.

    Raises:
        NotReadyError: naming those that are not, with what they say and the end of their logs.
    """
    for service in SERVICES:
        if service.name in names:
            launch(stack, service.name, die_with_parent=die_with_parent)
    wait_ready(stack, names)


def launch(
    stack: Stack, name: str, *, die_with_parent: bool, changes: Mapping[str, str] | None = None
) -> None:
    """Start a service, or a replica of one (`router-2`), and do not wait until it is ready.

    `changes`: what its environment has instead of, or beside, what a stack's services have.
    """
    service = service_of(name)
    command = [sys.executable, "-m", service.package, *service.arguments]
    command = dying_with_parent(command) if die_with_parent else command
    processes.launch(stack.home, name, command, environment(stack, name) | dict(changes or {}))


def stop(stack: Stack, names: Sequence[str] = NAMES) -> None:
    """Ask services to end, and wait while they drain."""
    processes.stop(stack.home, list(reversed(names)), patience_seconds=STOP_SECONDS)


def kill(stack: Stack, names: Sequence[str]) -> None:
    """End services without a warning."""
    processes.stop(stack.home, names, first_signal=signal.SIGKILL)


def wait_ready(stack: Stack, names: Sequence[str] = NAMES) -> None:
    """Wait until services are ready.

    Raises:
        NotReadyError: naming those that are not; at once when one has ended.
    """

    def ready() -> bool:
        ended = [name for name in names if processes.running_pid(stack.home, name) is None]
        if ended:
            raise NotReadyError(_complaint(stack, ended))
        return all(is_ready(stack, name) for name in names)

    wait_until(
        ready,
        timeout_seconds=READY_SECONDS,
        complaint=lambda: _complaint(stack, [n for n in names if not is_ready(stack, n)]),
    )


def is_ready(stack: Stack, name: str) -> bool:
    """Say whether a service is ready and all its checks pass."""
    response = call("GET", f"{stack.operations_url(name)}/readyz")
    return response.status == HTTP_OK and not _complaints(response.body)


def _complaint(stack: Stack, names: Sequence[str]) -> str:
    paragraphs = []
    for name in names:
        log = processes.log_file(stack.home, name)
        tail = processes.log_tail(stack.home, name)
        paragraphs.append(f"{name} is not ready: {_why(stack, name)}\n  {log}:\n{tail}")
    return "\n".join(paragraphs)


def _why(stack: Stack, name: str) -> str:
    if processes.running_pid(stack.home, name) is None:
        return "it has ended"
    response = call("GET", f"{stack.operations_url(name)}/readyz")
    if response.status == 0:
        return "it does not respond"
    try:
        return "; ".join(_complaints(response.body))
    except (ValueError, KeyError, TypeError):
        return f"/readyz responds {response.status}"


def _complaints(body: bytes) -> list[str]:
    checks: dict[str, str] = json.loads(body)["checks"]
    said = {check: text for check, text in checks.items() if check not in LASTING}
    return [f"{check}: {text}" for check, text in said.items() if text != "ok"]


def service_of(name: str) -> Service:
    """Return the service that something of this name is, or is a replica of."""
    by_name = {service.name: service for service in SERVICES}
    return by_name.get(name) or by_name[name.rpartition("-")[0]]


def environment(stack: Stack, name: str) -> dict[str, str]:
    """Return what a service, or a replica of one, is started with: nothing but what is its own."""
    service = service_of(name)
    spool = "spool" if name in NAMES else f"spool-{name}"  # each replica has its own
    values = {"HERALD_CONFIG": str(stack.config), "HERALD_LOG_FORMAT": "json"}
    if service.user is not None:
        values["HERALD_AMQP_URL"] = stack.access.amqp_url(service.user)
    else:
        values["HERALD_SANDBOX_CONFIG"] = str(stack.sandbox_config)
    if service.role is not None:
        values["HERALD_POSTGRES_DSN"] = stack.access.postgres_dsn(service.role)
    values["HERALD_SPOOL_DIR"] = str(stack.home / spool)
    return _inherited() | values | _listeners(stack, name)


def _inherited() -> dict[str, str]:
    """Return what processes get of this one's environment; of Herald's, only the TLS switch."""
    return {k: v for k, v in os.environ.items() if not k.startswith("HERALD_") or k == TLS_SWITCH}


def _listeners(stack: Stack, name: str) -> dict[str, str]:
    addresses = {"HERALD_OPERATIONS": stack.operations_port(name)}
    if service_of(name).public:
        addresses["HERALD_HTTP"] = stack.ports[name]
    hosts = {f"{listener}_HOST": LOOPBACK for listener in addresses}
    return hosts | {f"{listener}_PORT": str(port) for listener, port in addresses.items()}
