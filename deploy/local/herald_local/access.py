"""With which user and role each part of a stack connects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yarl import URL

from herald_local.names import Names
from herald_local.saved_state import SavedState
from herald_local.servers import Servers


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The URLs of each part: its own broker user, its own role."""

    servers: Servers  # an administrator's, of the stack's virtual host and database
    names: Names
    state: SavedState

    def amqp_url(self, part: str) -> str:
        """Return the URL with which one of `names.PARTS` connects to the broker."""
        return _as(self.servers.amqp_url, self.names.user(part), self._user_passwords)

    def postgres_dsn(self, role: str) -> str:
        """Return the DSN of a role: `owner`, `router`, `channel`, `reader` or `operator`."""
        name = f"{self.names.roles.prefix}_{role}"
        return _as(self.servers.postgres_dsn, name, self._role_passwords)

    def write_passwords(self, home: Path) -> tuple[Path, Path]:
        """Write the users' and the roles' password files; return the two folders."""
        folders = home / "passwords" / "broker", home / "passwords" / "database"
        for folder, known in zip(
            folders, (self._user_passwords, self._role_passwords), strict=True
        ):
            folder.mkdir(parents=True, exist_ok=True)
            for name, password in known.items():
                (folder / name).touch(mode=0o600)
                (folder / name).write_text(password)
        return folders

    @property
    def _user_passwords(self) -> Mapping[str, str]:
        users = self.names.users.values()
        return {name: self.state.secret(f"broker user {name}") for name in users}

    @property
    def _role_passwords(self) -> Mapping[str, str]:
        return {name: self.state.secret(f"role {name}") for name in self.names.roles.all}


def _as(url: str, name: str, passwords: Mapping[str, str]) -> str:
    return str(URL(url).with_user(name).with_password(passwords[name]))
