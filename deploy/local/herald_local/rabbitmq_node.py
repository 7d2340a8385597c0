"""A private RabbitMQ node: everything it reads and writes is in one folder, all of it loopback."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path

from herald_local import ports, processes, rabbitmq_management, rabbitmq_programs
from herald_local.errors import NotReadyError
from herald_local.parent_death import dying_with_parent
from herald_local.progress import report
from herald_local.rabbitmq_programs import RabbitmqPrograms
from herald_local.waiting import wait_until
from herald_local.web import call

NODE = "rabbitmq"
EPMD = "epmd"
USER = "herald"
START_SECONDS = 120
STOP_SECONDS = 40  # a graceful stop takes 2 to 8 s

_CONFIGURATION = """\
listeners.tcp.1 = 127.0.0.1:{amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
default_user = {user}
default_pass = {password}
vm_memory_high_watermark.absolute = 1GiB
disk_free_limit.absolute = 100MB
log.console = false
"""
_METRICS = """\
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = {metrics}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePorts:
    """The ports a node listens on, and the one of its name service (epmd)."""

    amqp: int
    management: int
    distribution: int
    epmd: int
    metrics: int | None = None  # None: it shows no metrics of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class RabbitmqNode:
    """One private node of the stack in `home`."""

    home: Path
    ports: NodePorts
    password: str = field(repr=False)

    @property
    def amqp_url(self) -> str:
        """The administrator's URL of the default virtual host."""
        return f"amqp://{USER}:{self.password}@{ports.LOOPBACK}:{self.ports.amqp}/"

    @property
    def management_url(self) -> str:
        """The management interface, with the administrator's credentials."""
        return f"http://{USER}:{self.password}@{ports.LOOPBACK}:{self.ports.management}"

    @property
    def metrics_address(self) -> str:
        """Where Prometheus finds the node's own metrics: `host:port`."""
        return f"{ports.LOOPBACK}:{self.ports.metrics}"

    @property
    def directory(self) -> Path:
        return self.home / "rabbitmq"

    def is_running(self) -> bool:
        """Say whether the node's process lives."""
        return processes.running_pid(self.home, NODE) is not None

    def start(self, *, die_with_parent: bool, programs: RabbitmqPrograms | None = None) -> None:
        """Start the node and its epmd, and wait until it serves.

        `programs`: those to run; the machine's own if absent.

        Raises:
            LocalError: RabbitMQ is missing, or the node did not come up.
        """
        programs = programs or rabbitmq_programs.find_or_install()
        report(f"starting RabbitMQ on 127.0.0.1:{self.ports.amqp}")
        self.stop(gracefully=False)  # an epmd may be left of a node that died
        self._write_files()
        environment = self.environment
        listening = ("-address", ports.LOOPBACK, "-port", str(self.ports.epmd))
        epmd = [*programs.prefix, str(programs.epmd), *listening]
        server = [*programs.prefix, str(programs.server)]
        # a node is killed with its runner: nobody is left to read what it would save
        for name, command in ((EPMD, epmd), (NODE, server)):
            wrapped = dying_with_parent(command, "KILL") if die_with_parent else command
            processes.launch(self.home, name, wrapped, environment)
            if name == EPMD:  # else the node starts an epmd of its own, which nobody would stop
                wait_until(
                    lambda: ports.is_open(self.ports.epmd),
                    timeout_seconds=START_SECONDS,
                    complaint=lambda: self._complaint("epmd does not listen", EPMD),
                )
        wait_until(
            self._serves,
            timeout_seconds=START_SECONDS,
            complaint=lambda: self._complaint("RabbitMQ does not respond", NODE),
        )

    def version(self) -> str:
        """Return which RabbitMQ the node is."""
        overview = json.loads(call("GET", f"{self.management_url}/api/overview").body)
        return str(overview["rabbitmq_version"])

    def stop(self, *, gracefully: bool = True) -> None:
        """End the node, then its epmd, which would outlive it."""
        number = signal.SIGTERM if gracefully else signal.SIGKILL
        processes.stop(self.home, [NODE], first_signal=number, patience_seconds=STOP_SECONDS)
        processes.stop(self.home, [EPMD])

    def _serves(self) -> bool:
        if not self.is_running():
            raise NotReadyError(self._complaint("RabbitMQ ended while starting", NODE))
        return ports.is_open(self.ports.amqp) and rabbitmq_management.responds(self.management_url)

    def _complaint(self, what: str, name: str) -> str:
        logs = sorted((self.directory / "log").glob("*@*.log"))
        words = logs[-1].read_text(errors="replace").splitlines()[-15:] if logs else []
        return "\n".join([what, processes.log_tail(self.home, name), *words])

    def _write_files(self) -> None:
        for folder in ("home", "data", "log"):
            (self.directory / folder).mkdir(parents=True, exist_ok=True)
        values = {"amqp": self.ports.amqp, "management": self.ports.management}
        configuration = self.directory / "rabbitmq.conf"
        configuration.touch(mode=0o600)
        text = _CONFIGURATION.format(**values, user=USER, password=self.password)
        plugins = "rabbitmq_management"
        if self.ports.metrics is not None:
            text += _METRICS.format(metrics=self.ports.metrics)
            plugins += ",rabbitmq_prometheus"
        configuration.write_text(text)
        (self.directory / "enabled_plugins").write_text(f"[{plugins}].\n")
        cookie = self.directory / "home" / ".erlang.cookie"
        if not cookie.exists():
            cookie.touch(mode=0o600)
            cookie.write_text(self.password)
            cookie.chmod(0o400)

    @property
    def environment(self) -> dict[str, str]:
        """What the node's programs need around them, `rabbitmqctl` too."""
        own = {k: v for k, v in os.environ.items() if not k.startswith(("RABBITMQ_", "ERL_"))}
        directory = self.directory
        return own | {
            "HOME": str(directory / "home"),
            "ERL_EPMD_PORT": str(self.ports.epmd),
            "ERL_EPMD_ADDRESS": ports.LOOPBACK,
            "ERL_CRASH_DUMP": str(directory / "erl_crash.dump"),
            # an address as the host's name needs no name service: some machines have no /etc/hosts
            "RABBITMQ_USE_LONGNAME": "true",
            "RABBITMQ_NODENAME": f"herald@{ports.LOOPBACK}",
            "RABBITMQ_DIST_PORT": str(self.ports.distribution),
            "RABBITMQ_MNESIA_BASE": str(directory / "data"),
            "RABBITMQ_LOG_BASE": str(directory / "log"),
            "RABBITMQ_PID_FILE": str(directory / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(directory / "advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,  # else the system node's settings are read
            # Schedulers that spin while idle (+sbwt) take the cores the services need.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "+sbwt none +sbwtdcpu none +sbwtdio none"
                " -kernel inet_dist_use_interface {127,0,0,1}"
            ),
            # The script then becomes the node instead of watching it: our pid is the node's.
            "RUNNING_UNDER_SYSTEMD": "true",
        }
