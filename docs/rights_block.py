"""Broker users' rights as the commands that give them, in RabbitMQ's own tool."""

from __future__ import annotations

from collections.abc import Mapping

from herald.contracts import rights
from herald.contracts.rabbitmqctl import commands
from herald.contracts.rights import Rights

USERS: Mapping[str, tuple[str, Rights]] = {
    "tenant": ("shop", rights.tenant_rights("shop")),
    "operator": ("herald-operator", rights.operator_rights()),
    "router": ("herald-router", rights.router_rights()),
    "channel": ("herald-sms", rights.channel_rights("sms")),
    "ingress": ("herald-ingress", rights.ingress_rights()),
    "topology": ("herald-topology", rights.topology_rights()),
}


def broker_rights(kind: str) -> str:
    """Return the commands that give a user of a kind its rights, on the virtual host `/`."""
    user, held = USERS[kind]
    return "\n".join(["```", *commands(user, held), "```"])
