"""Starting and stopping a whole stack, in order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from herald_local import processes, services
from herald_local.lock import locked
from herald_local.progress import report
from herald_local.provision import write_configuration
from herald_local.saved_state import load_state, with_ports
from herald_local.servers import GivenServers, Servers, start_servers, stop_servers
from herald_local.stack import Stack


def start(home: Path, given: GivenServers, *, die_with_parent: bool = False) -> Stack:
    """Start what does not run of the stack in `home`; return it when all of it is ready.

    `die_with_parent`: private servers and services die with this process. When the start fails,
    everything that runs of the stack is stopped; its logs stay.

    Raises:
        LocalError: something is missing or did not become ready.
    """
    with locked(home):
        try:
            servers = start_servers(home, given, die_with_parent=die_with_parent)
            return _start_services(home, servers, die_with_parent=die_with_parent)
        except BaseException:
            _stop(home)
            raise


def stop(home: Path) -> None:
    """Stop everything that runs of the stack in `home`; its data stays."""
    with locked(home):
        _stop(home)


@contextmanager
def running_stack(home: Path, given: GivenServers) -> Iterator[Stack]:
    """Run a stack for the time of a `with` block; it dies with this process at the latest.

    Raises:
        LocalError: something is missing or did not become ready.
    """
    try:
        yield start(home, given, die_with_parent=True)
    finally:
        stop(home)


def _start_services(home: Path, servers: Servers, *, die_with_parent: bool) -> Stack:
    state = with_ports(home, load_state(home), services.PORTS)
    stack = Stack(home=home, servers=servers, ports=state.ports)
    exports = home / "env"
    if exports.exists() and exports.read_text() == stack.exports and _all_ready(stack):
        return stack
    services.stop(stack)  # after a crash of some, the others hold an outdated configuration
    operator = urlsplit(servers.amqp_url).username
    write_configuration(home, state, operator=unquote(operator or ""))
    report("preparing the database and the broker")
    services.prepare(stack)
    report("starting the services")
    services.start(stack, die_with_parent=die_with_parent)
    exports.touch(mode=0o600)
    exports.write_text(stack.exports)
    return stack


def _all_ready(stack: Stack) -> bool:
    return all(
        processes.running_pid(stack.home, name) and services.is_ready(stack, name)
        for name in services.NAMES
    )


def _stop(home: Path) -> None:
    (home / "env").unlink(missing_ok=True)
    names = [name for name in services.NAMES if name in processes.recorded(home)]
    processes.stop(home, names, patience_seconds=services.STOP_SECONDS)
    stop_servers(home)
