"""What `deploy/compose.yaml` reads: configuration, and a secret for everybody in it."""

from __future__ import annotations

import os
import shlex
from importlib.metadata import version
from pathlib import Path

from herald.config.broker_permissions import broker_users
from herald.config.loading import load_configuration
from herald.database.rights import Roles
from herald_local.names import Names
from herald_local.provision import Places, write_configuration
from herald_local.saved_state import SavedState, load_state, with_ports

OPERATOR = "herald-operator"
ROLES = Roles().all
IMAGE_USER = 10001  # and its group, which may write where data stands

# the names of the services in compose.yaml, and the ports they listen on there
PLACES = Places(
    ingress_url="http://ingress:8080",
    sandbox_url="http://sandbox:8080",
    smtp_host="sandbox",
    smtp_listens_on="0.0.0.0",  # noqa: S104  of its container, whose port is not published
    smtp_port=2525,
    proxy_port=3128,
    router_names=("router",),
    requests_file="/tmp/requests.jsonl",  # noqa: S108  a file system of the container's own
    in_clear=True,
)
_OWN, _OTHERS = 0o600, 0o444

_RABBITMQ = """\
# No user `guest`: the administrator is made instead of it, on the first start.
default_vhost = herald
default_user = herald-admin
default_pass = {password}
"""


def write_compose_files(home: Path) -> None:
    """Write everything into `home`, with the secrets that were made before.

    The folder is for its owner alone. In it, files that Herald reads have mode 0600, and its
    containers run as their owner; those of other servers, which run as users of their own, are
    open to whoever gets into the folder.
    """
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    state = with_ports(home, load_state(home), ())
    write_configuration(home, state, Names(stack=home.name), places=PLACES)
    users = broker_users(load_configuration(home / "herald.toml").file)
    for user in users:
        _write(home / "broker" / user.name, state.secret(f"broker {user.name}"))
    for role in ROLES:
        _write(home / "database" / role, state.secret(f"database {role}"))
    for server in ("broker", "database"):
        _write(home / "admin" / server, state.secret(f"admin {server}"))
    _write_servers(home / "servers", state)
    _write(home / "client", _client(home, state))
    _write(home / "env", _environment(home, _reader_of(home)))


def _write_servers(folder: Path, state: SavedState) -> None:
    conf = _RABBITMQ.format(password=state.secret("admin broker"))
    _write(folder / "rabbitmq.conf", conf, _OTHERS)
    _write(folder / "postgresql-password", state.secret("admin database"), _OTHERS)
    _write(folder / "grafana-password", state.secret("admin grafana"), _OTHERS)


def _reader_of(home: Path) -> int:
    """Return the user under which Herald's containers run: the files' owner, if that is not root.

    Root gives them to the images' own user.
    """
    if os.geteuid() != 0:
        return os.geteuid()
    for path in (home, *home.rglob("*")):
        os.chown(path, IMAGE_USER, IMAGE_USER)
    return IMAGE_USER


def _environment(home: Path, user: int) -> str:
    """Return what `docker compose --env-file` reads."""
    return (
        f"HERALD_FILES={home}\n"
        f"HERALD_USER={user}:{IMAGE_USER}\n"
        f"HERALD_VERSION={version('herald-shared')}\n"
    )


def _client(home: Path, state: SavedState) -> str:
    """Return what a shell of this machine needs for the `herald` command."""
    password = state.secret(f"broker {OPERATOR}")
    values = {
        "HERALD_AMQP_URL": f"amqp://{OPERATOR}:{password}@127.0.0.1:5672/herald",
        "HERALD_ROUTER_URL": "http://127.0.0.1:8002",
        "HERALD_READ_TOKEN_FILE": str(home / "secrets" / "read.token"),
        "HERALD_CONFIG": str(home / "herald.toml"),
    }
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())


def _write(path: Path, text: str, mode: int = _OWN) -> None:
    path.parent.mkdir(exist_ok=True)
    path.touch(mode=_OWN)
    path.chmod(_OWN)
    path.write_text(text)
    path.chmod(mode)
