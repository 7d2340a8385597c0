"""What a stack's broker users, database roles, virtual host and database are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from herald.database.rights import Roles
from herald_local.saved_state import load_state
from herald_local.servers import GivenServers

# whom `[services]` and `[operators]` name
PACKAGED_CHANNELS = ("whatsapp", "email", "sms")
_WRITTEN = (Path(__file__).parent / "templates" / "herald.toml").read_text()
# channels that are configuration alone: those that accounts of the template name beside these
OWN_CHANNELS = tuple(
    sorted(set(re.findall(r'(?m)^channel = "([a-z-]+)"', _WRITTEN)) - set(PACKAGED_CHANNELS))
)
CHANNELS = (*PACKAGED_CHANNELS, *OWN_CHANNELS)
PARTS = ("topology", "router", *CHANNELS, "ingress", "operator")
_MARK_DIGITS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names; where other stacks use the same server, each with a mark of this stack's own.

    Users and roles are a whole server's, and nobody shares a private one.
    """

    stack: str
    broker_mark: str = ""
    database_mark: str = ""

    def user(self, part: str) -> str:
        """Name a part's broker user."""
        return f"herald-{part}-{self.broker_mark}" if self.broker_mark else f"herald-{part}"

    @property
    def users(self) -> Mapping[str, str]:
        """The broker users by part."""
        return {part: self.user(part) for part in PARTS}

    @property
    def roles(self) -> Roles:
        """The database's roles."""
        return Roles(f"herald_{self.database_mark}") if self.database_mark else Roles()

    @property
    def virtual_host(self) -> str:
        """The virtual host; `/` on a private broker."""
        return f"herald-{self.stack}-{self.broker_mark}" if self.broker_mark else "/"

    @property
    def database(self) -> str:
        """The database."""
        return f"herald_{self.database_mark}" if self.database_mark else "herald"


def names_of(home: Path, given: GivenServers) -> Names:
    """Return the names of the stack in `home`, whose state is saved, on those servers."""
    mark = load_state(home).secret("names", _MARK_DIGITS)
    return Names(
        stack=home.name,
        broker_mark=mark if given.amqp_url else "",
        database_mark=mark if given.postgres_dsn else "",
    )
