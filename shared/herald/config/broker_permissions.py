"""Every broker user of a deployment, and what each may do: computed from herald.toml. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from herald.config.file import HeraldFile
from herald.contracts import rights
from herald.contracts.rights import Rights, UserRights, together

# of services that `[services]` does not name
ROUTER, INGRESS, TOPOLOGY = "herald-router", "herald-ingress", "herald-topology"

_Role = tuple[str, str, Rights, bool]  # user, what it is, what that may do, whether it is named


def broker_users(file: HeraldFile, tenant: str | None = None) -> tuple[UserRights, ...]:
    """Return the users of services, operators and tenants; with `tenant`, that tenant's alone.

    A user that is several of them may do what each of them may, also where one tenant was asked
    for. A tenant that names no users has none of its own.
    """
    roles: dict[str, list[_Role]] = defaultdict(list)
    for role in _roles(file):
        roles[role[0]].append(role)
    wanted = roles if tenant is None else file.tenants[tenant].users
    return tuple(_user(name, roles[name]) for name in dict.fromkeys(wanted))


def channel_user(channel: str) -> str:
    """Name the user of a channel's workers where `[services]` names none."""
    return f"herald-{channel}"


def _user(name: str, roles: list[_Role]) -> UserRights:
    return UserRights(
        name=name,
        roles=tuple(role for _, role, _, _ in roles),
        rights=together([held for _, _, held, _ in roles]),
        is_configured=any(named for _, _, _, named in roles),
    )


def _roles(file: HeraldFile) -> Iterator[_Role]:
    services = file.services
    yield from _of("topology", services.topology, TOPOLOGY, rights.topology_rights())
    yield from _of("router", services.router, ROUTER, rights.router_rights())
    for channel in file.channels:
        users, held = services.users_of(channel), rights.channel_rights(channel)
        yield from _of(f"channel {channel}", users, channel_user(channel), held)
    yield from _of("ingress", services.ingress, INGRESS, rights.ingress_rights())
    for user in file.operators.users:
        yield user, "operator", rights.operator_rights(), True
    for name, tenant in file.tenants.items():
        for user in tenant.users:
            yield user, f"tenant {name}", rights.tenant_rights(name), True


def _of(role: str, named: tuple[str, ...], otherwise: str, held: Rights) -> Iterator[_Role]:
    for user in named or (otherwise,):
        yield user, role, held, bool(named)
