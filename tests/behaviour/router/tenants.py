"""Two tenants who may not see each other, each with a broker user of exactly a tenant's rights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from broker_users import BrokerUser, broker_user
from herald.contracts.rights import tenant_rights

A, B = "team-a", "team-b"
CONFIGURATION = """
[tenants.team-a]
route = "a"
sender = "a"
users = ["{a}"]
[tenants.team-b]
route = "b"
users = ["{b}"]
[tenants.default]
route = "open"
[tenants.other]
route = "open"
[senders.a]
tenants = ["team-a"]
sms = "+15550001111"
[accounts.twilio-main]
provider = "twilio"
account_sid = "AC00000000000000000000000000000000"
tenants = ["team-a", "team-b", "default"]
[accounts.wa-main]
provider = "whatsapp_cloud"
phone_number_id = "100000000000001"
[accounts.sendgrid-main]
provider = "sendgrid"
[routes.a]
tenants = ["team-a"]
steps = [{{channel = "sms"}}]
[routes.b]
tenants = ["team-b"]
steps = [{{channel = "sms"}}]
[routes.open]
tenants = ["default", "other"]
steps = [{{channel = "sms"}}]
"""


@contextmanager
def tenants_users(
    management_url: str, amqp_url: str, vhost: str
) -> Iterator[dict[str, BrokerUser]]:
    """Give the broker a user of each tenant, for the time of a block."""
    with ExitStack() as stack:
        yield {
            tenant: stack.enter_context(
                broker_user(management_url, amqp_url, vhost, tenant_rights(tenant))
            )
            for tenant in (A, B, "default")
        }


def write_configuration(folder: Path, users: dict[str, BrokerUser]) -> Path:
    """Write a `herald.toml` in which the two tenants name their users."""
    path = folder / "herald.toml"
    path.write_text(CONFIGURATION.format(a=users[A].name, b=users[B].name))
    return path
