"""A Herald of replicas: two of each service, each with links of its own to broker and database.

Providers call one address, a load balancer over the ingresses.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from chaos.balancer import Balancer
from chaos.clocks import Clock
from chaos.links import Link
from chaos.network import Network
from chaos.replicas import PAIRS, PREVIOUS, REPLICAS
from herald_local import processes, services
from herald_local.lifecycle import room_for
from herald_local.provision import write_configuration
from herald_local.servers import GivenServers, start_servers, stop_servers
from herald_local.stack import Stack

BROKER, DATABASE = "broker", "database"
LAUNCHERS = 4


@dataclass(slots=True, kw_only=True)
class Fleet:
    """The replicas of a stack, and what can be done to them."""

    stack: Stack
    network: Network
    balancer: Balancer
    launcher: ThreadPoolExecutor  # such a process dies with the thread that started it
    links: dict[str, dict[str, Link]] = field(default_factory=dict)  # by replica and server
    clocks: dict[str, Clock] = field(default_factory=dict)
    running: list[str] = field(default_factory=list)  # what should run, replicas alone
    _settings: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, replica: str, changes: Mapping[str, str] | None = None) -> None:
        """Start a replica; `changes` are kept for when it is started again."""
        amqp_url, dsn = self._servers_for(replica)
        broker, linked_amqp_url = self.network.link(amqp_url)
        database, linked_dsn = self.network.link(dsn or self.stack.servers.postgres_dsn)
        self.links[replica] = {BROKER: broker, DATABASE: database}
        self.clocks[replica] = Clock(self.stack.home / "clocks" / replica)
        self._settings[replica] = {
            "HERALD_AMQP_URL": linked_amqp_url,
            **({"HERALD_POSTGRES_DSN": linked_dsn} if dsn else {}),
            **self.clocks[replica].environment,
            **(changes or {}),
        }
        self.start(replica)

    def _servers_for(self, replica: str) -> tuple[str, str | None]:
        """Return how a replica connects: as its service's own user and role.

        The previous version is of before there were such: it has an administrator's.
        """
        if replica in PREVIOUS.values():
            return self.stack.servers.amqp_url, self.stack.servers.postgres_dsn
        settings = services.environment(self.stack, replica)
        return settings["HERALD_AMQP_URL"], settings.get("HERALD_POSTGRES_DSN")

    def start(self, replica: str) -> None:
        """Start a replica that was added and does not run."""
        if replica not in self.running:
            self.running.append(replica)
        changes = self._settings[replica]
        self.launch(
            lambda: services.launch(self.stack, replica, die_with_parent=True, changes=changes)
        )

    def launch(self, act: Callable[[], None]) -> None:
        """Start processes from a thread that lives as long as the fleet; any thread may ask."""
        self.launcher.submit(act).result()

    def kill(self, replica: str) -> None:
        services.kill(self.stack, [replica])

    def end(self, *replicas: str) -> None:
        """Ask replicas to end in order, and wait until they have."""
        self.running = [name for name in self.running if name not in replicas]
        services.stop(self.stack, replicas)

    def suspend(self, replica: str) -> None:
        """Stop a replica where it is, as a frozen machine does."""
        self._signal(replica, signal.SIGSTOP)

    def resume(self, replica: str) -> None:
        self._signal(replica, signal.SIGCONT)

    def link(self, replica: str, server: str) -> Link:
        """Return a replica's link to `broker` or `database`; its methods go through `network`."""
        return self.links[replica][server]

    def wait_ready(self) -> None:
        services.wait_ready(self.stack, self.running)

    def heal(self) -> None:
        """Undo every fault, and wait until two of each service, of this version, are ready."""
        self.end(*(name for name in self.running if name not in REPLICAS))
        for replica in REPLICAS:
            self.resume(replica)
            self.clocks[replica].set_off(0)
            for link in self.links[replica].values():
                self.network.do(link.heal)
            if processes.running_pid(self.stack.home, replica) is None:
                self.start(replica)
        self.wait_ready()

    def _signal(self, replica: str, number: signal.Signals) -> None:
        pid = processes.running_pid(self.stack.home, replica)
        if pid is not None:
            os.kill(pid, number)


@contextmanager
def running_fleet(home: Path) -> Iterator[Fleet]:
    """Run two of each service on private servers for the time of a `with` block."""
    network = Network()
    network.start()
    launcher = ThreadPoolExecutor(max_workers=LAUNCHERS, thread_name_prefix="launcher")
    try:
        stack = launcher.submit(_prepared, home).result()
        ingresses = (*PAIRS["ingress"], PREVIOUS["ingress"])  # one that does not run refuses
        backends = {name: stack.ports[name] for name in ingresses}
        balancer = network.balance(stack.ports["ingress"], backends)
        fleet = Fleet(stack=stack, network=network, balancer=balancer, launcher=launcher)
        fleet.launch(lambda: services.launch(stack, "sandbox", die_with_parent=True))
        for replica in REPLICAS:
            fleet.add(replica)
        services.wait_ready(stack, ["sandbox", *fleet.running])
        yield fleet
    finally:
        _stop(home)
        launcher.shutdown()
        network.stop()


def _prepared(home: Path) -> Stack:
    """Start the servers and write what services need; `ingress` is the balancer's port."""
    given = GivenServers()
    servers = start_servers(home, given, die_with_parent=True)
    operations = (f"{name}.operations" for name in PAIRS["ingress"])
    names = (*services.PORTS, *REPLICAS, *operations, *PREVIOUS.values())
    stack = room_for(home, given, servers, names)
    # the previous version does not say who it is in what it publishes
    write_configuration(home, stack.access.state, stack.access.names, names_services=False)
    services.prepare(stack)
    return stack


def _stop(home: Path) -> None:
    names = ["sandbox", *REPLICAS, *PREVIOUS.values()]
    _resume(home, names)  # a suspended process does not end before it goes on
    processes.stop(home, names, patience_seconds=services.STOP_SECONDS)
    stop_servers(home)


def _resume(home: Path, names: Iterable[str]) -> None:
    for name in names:
        pid = processes.running_pid(home, name)
        if pid is not None:
            os.kill(pid, signal.SIGCONT)
