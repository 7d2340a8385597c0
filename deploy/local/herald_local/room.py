"""A stack's own room on its servers: a virtual host and a database, made by an administrator."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from urllib.parse import urlsplit

from herald_local import databases, rabbitmq_management
from herald_local.names import Names, names_of
from herald_local.servers import GivenServers, Servers

_SAVED = "given.json"


def make_room(home: Path, given: GivenServers, servers: Servers, names: Names) -> Servers:
    """Make what is not there yet; return the administrator's URLs of it.

    Raises:
        LocalError: a server refuses or is away.
    """
    if given.postgres_dsn or given.amqp_url:
        given.save(home / _SAVED)
    databases.ensure_database(servers.postgres_dsn, names.database)
    amqp_url = servers.amqp_url
    if given.amqp_url:
        rabbitmq_management.create_vhost(servers.management_url, names.virtual_host)
        amqp_url = rabbitmq_management.with_vhost(amqp_url, names.virtual_host)
    dsn = urlsplit(servers.postgres_dsn)._replace(path=f"/{names.database}").geturl()
    return dataclasses.replace(servers, amqp_url=amqp_url, postgres_dsn=dsn)


def remove_room(home: Path) -> None:
    """Remove what the stopped stack in `home` has on servers that are not its own.

    Raises:
        LocalError: a server refuses or is away.
    """
    given = GivenServers.saved(home / _SAVED)
    if given is None:
        return
    names = names_of(home, given)
    if given.management_url:
        rabbitmq_management.delete_vhost(given.management_url, names.virtual_host)
        rabbitmq_management.delete_users(given.management_url, list(names.users.values()))
    if given.postgres_dsn:
        databases.drop_database(given.postgres_dsn, names.database)
        databases.drop_roles(given.postgres_dsn, names.roles.all)
    (home / _SAVED).unlink()
