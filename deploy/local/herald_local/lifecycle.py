"""Starting and stopping a whole stack, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from herald_local import processes, services
from herald_local.access import Access
from herald_local.lock import locked
from herald_local.names import names_of
from herald_local.progress import report
from herald_local.provision import write_configuration
from herald_local.room import make_room, remove_room
from herald_local.saved_state import load_state, with_ports
from herald_local.servers import GivenServers, Servers, start_servers, stop_servers
from herald_local.stack import Stack, exports

ADMINISTRATORS_ENV = "env.administrator"


Extend = Callable[[Path, Mapping[str, int]], None]  # with a stack's folder and its ports


def start(
    home: Path,
    given: GivenServers,
    *,
    die_with_parent: bool = False,
    extend: Extend | None = None,
) -> Stack:
    """Start what does not run of the stack in `home`; return it when all of it is ready.

    `die_with_parent`: private servers and services die with this process. When the start fails,
    everything that runs of the stack is stopped; its logs stay. `extend` may change what was
    written of its configuration before anything reads it.

    Raises:
        LocalError: something is missing or did not become ready.
    """
    with locked(home):
        try:
            servers = start_servers(home, given, die_with_parent=die_with_parent)
            stack = room_for(home, given, servers, services.PORTS)
            return _start_services(stack, die_with_parent=die_with_parent, extend=extend)
        except BaseException:
            _stop(home)
            raise


def stop(home: Path) -> None:
    """Stop everything that runs of the stack in `home`; its data stays."""
    with locked(home):
        _stop(home)


@contextmanager
def running_stack(
    home: Path, given: GivenServers, *, extend: Extend | None = None
) -> Iterator[Stack]:
    """Run a stack for the time of a `with` block; it dies with this process at the latest.

    What it has on given servers is removed.

    Raises:
        LocalError: something is missing or did not become ready.
    """
    try:
        yield start(home, given, die_with_parent=True, extend=extend)
    finally:
        stop(home)
        remove_room(home)


def room_for(home: Path, given: GivenServers, servers: Servers, ports: Iterable[str]) -> Stack:
    """Make room on running servers for the stack in `home`, and give it ports.

    Raises:
        LocalError: a server refuses or is away.
    """
    state = with_ports(home, load_state(home), ports)
    names = names_of(home, given)
    access = Access(servers=make_room(home, given, servers, names), names=names, state=state)
    return Stack(home=home, access=access, ports=state.ports)


def _start_services(stack: Stack, *, die_with_parent: bool, extend: Extend | None) -> Stack:
    file, text = stack.home / "env", exports(stack.environment)
    if file.exists() and file.read_text() == text and _all_ready(stack):
        return stack
    services.stop(stack)  # after a crash of some, the others hold an outdated configuration
    write_configuration(stack.home, stack.access.state, stack.access.names)
    if extend is not None:
        extend(stack.home, stack.ports)
    report("preparing the database and the broker")
    services.prepare(stack)
    report("starting the services")
    services.start(stack, die_with_parent=die_with_parent)
    _write(stack.home / ADMINISTRATORS_ENV, exports(stack.administrators_environment))
    _write(file, text)
    return stack


def _write(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text)


def _all_ready(stack: Stack) -> bool:
    return all(
        processes.running_pid(stack.home, name) and services.is_ready(stack, name)
        for name in services.NAMES
    )


def _stop(home: Path) -> None:
    for name in ("env", ADMINISTRATORS_ENV):
        (home / name).unlink(missing_ok=True)
    names = [name for name in services.NAMES if name in processes.recorded(home)]
    processes.stop(home, names, patience_seconds=services.STOP_SECONDS)
    stop_servers(home)
