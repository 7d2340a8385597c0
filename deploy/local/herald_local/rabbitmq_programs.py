"""Where RabbitMQ's programs are, installing them when they are missing."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from herald_local import packages
from herald_local.errors import MissingServerError, ProgramError

# Debian's program on PATH changes user and directory; the scripts it wraps do neither.
DEBIAN_SCRIPTS = Path("/usr/lib/rabbitmq/bin")

PACKAGE = "rabbitmq-server"
UNITS = ("rabbitmq-server.service", "epmd.socket", "epmd.service")  # epmd is Erlang's name service


@dataclass(frozen=True, slots=True)
class RabbitmqPrograms:
    """The two programs a private node consists of, and what stands before each command."""

    server: Path
    epmd: Path
    prefix: tuple[str, ...] = ()


def find_or_install() -> RabbitmqPrograms:
    """Return RabbitMQ's programs on this machine.

    Raises:
        MissingServerError: there are none and they can't be installed.
    """
    programs = find()
    if programs is None and packages.can_install():
        try:
            packages.install(PACKAGE, units=UNITS)
        except ProgramError as error:
            raise _missing(f" and can't be installed ({error})") from None
        programs = find()
    if programs is None:
        raise _missing()
    return programs


def find() -> RabbitmqPrograms | None:
    """Return RabbitMQ's programs, or None when one is missing."""
    debian = DEBIAN_SCRIPTS / "rabbitmq-server"
    server = str(debian) if debian.exists() else shutil.which("rabbitmq-server")
    epmd = shutil.which("epmd") or _epmd_beside_erlang()
    return RabbitmqPrograms(Path(server), Path(epmd)) if server and epmd else None


def _missing(why: str = "") -> MissingServerError:
    return MissingServerError(
        f"RabbitMQ is missing{why}: install {PACKAGE}", kind="broker", instead="HERALD_AMQP_URL"
    )


def _epmd_beside_erlang() -> str | None:
    erl = shutil.which("erl")
    if erl is None:
        return None
    found = sorted(Path(erl).resolve().parent.parent.glob("erts-*/bin/epmd"))
    return str(found[-1]) if found else None
