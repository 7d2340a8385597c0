"""Broker users' rights as the commands that give them, in RabbitMQ's own tool."""

from __future__ import annotations

from collections.abc import Mapping

from herald.contracts import rights
from herald.contracts.rights import Rights

USERS: Mapping[str, tuple[str, Rights]] = {
    "tenant": ("shop", rights.tenant_rights("shop")),
    "operator": ("operator", rights.operator_rights()),
    "router": ("herald-router", rights.router_rights()),
    "channel": ("herald-sms", rights.channel_rights("sms")),
    "ingress": ("herald-ingress", rights.ingress_rights()),
    "topology": ("herald-topology", rights.topology_rights()),
}


def broker_rights(kind: str) -> str:
    """Return the commands that give a user of a kind its rights, on the virtual host `/`."""
    user, held = USERS[kind]
    patterns = f"'{held.configure}' '{held.write}' '{held.read}'"
    lines = [f"rabbitmqctl set_permissions {user} {patterns}"]
    for topic in held.topics:
        keys = f"'{topic.write}' '{topic.read}'"
        lines.append(f"rabbitmqctl set_topic_permissions {user} {topic.exchange} {keys}")
    return "\n".join(["```", *lines, "```"])
