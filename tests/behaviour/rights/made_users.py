"""The broker users of a deployment, made by `herald topology permissions --apply`."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from typer.testing import Result
from yarl import URL

from command_line import herald
from herald_local.web import call

ROLES = ("topology", "router", "sms", "email", "whatsapp", "ingress", "operator", "shop")
CONFIGURATION = """
[tenants.default]
[tenants.shop]
users = ["{shop}"]
[accounts.a]
provider = "twilio"
account_sid = "AC00000000000000000000000000000000"
[accounts.b]
provider = "sendgrid"
[accounts.c]
provider = "whatsapp_cloud"
phone_number_id = "100000000000001"
[routes.default]
tenants = ["default", "shop"]
steps = [{{channel = "sms"}}]
[operators]
users = ["{operator}"]
[services]
topology = ["{topology}"]
router = ["{router}"]
channels = {{sms = ["{sms}"], email = ["{email}"], whatsapp = ["{whatsapp}"]}}
ingress = ["{ingress}"]
"""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A configuration, a folder of passwords, and the users that both name."""

    folder: Path
    amqp_url: str = field(repr=False)  # an administrator's, like the next
    management_url: str = field(repr=False)
    names: Mapping[str, str]  # by role

    @property
    def passwords(self) -> Path:
        return self.folder / "passwords"

    def herald(self, *arguments: str, **changes: str) -> Result:
        """Run a command on the administrator's environment."""
        environment = {
            "HERALD_CONFIG": str(self.folder / "herald.toml"),
            "HERALD_AMQP_URL": self.amqp_url,
            "HERALD_RABBITMQ_MANAGEMENT_URL": self.management_url,
        }
        return herald(environment | changes, *arguments)

    def apply(self, *options: str) -> Result:
        folder = str(self.passwords)
        return self.herald("topology", "permissions", "--apply", "--passwords", folder, *options)

    def set_password(self, role: str, password: str) -> None:
        """Write a user's password file."""
        file = self.passwords / self.names[role]
        file.touch(mode=0o600)
        file.write_text(f"{password}\n")

    def url(self, role: str, password: str | None = None) -> str:
        """Return the URL that a user connects with."""
        name = self.names[role]
        known = password if password is not None else (self.passwords / name).read_text().strip()
        return str(URL(self.amqp_url).with_user(name).with_password(known))

    def api(self, method: str, path: str, body: object = None) -> int:
        """Ask the management interface as its administrator; return HTTP's status."""
        raw = None if body is None else json.dumps(body).encode()
        return call(method, f"{self.management_url}/api/{path}", raw).status


@contextmanager
def deployment(folder: Path, amqp_url: str, management_url: str) -> Iterator[Deployment]:
    """Give a deployment whose users are deleted at the end; none is made yet."""
    mark = uuid.uuid4().hex[:8]
    names = {role: f"{role}-{mark}" for role in ROLES}
    (folder / "herald.toml").write_text(CONFIGURATION.format(**names))
    made = Deployment(folder, amqp_url, management_url, names)
    made.passwords.mkdir()
    for role in ROLES:
        made.set_password(role, uuid.uuid4().hex)
    try:
        yield made
    finally:
        for name in names.values():
            made.api("DELETE", f"users/{quote(name, safe='')}")
