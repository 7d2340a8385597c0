"""`herald topology permissions --apply`: users made, mended, and left alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import aio_pika
import pytest
from aiormq.exceptions import AMQPConnectionError

from behaviour.rights.made_users import ROLES, Deployment, deployment


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory, amqp_url: str, management_url: str
) -> Iterator[Deployment]:
    """Give a deployment whose users and topology are there, as each test leaves them."""
    with deployment(tmp_path_factory.mktemp("made"), amqp_url, management_url) as given:
        first = given.apply()
        assert first.exit_code == 0, first.output
        assert sorted(first.stdout.split()[1::2]) == sorted(given.names.values())
        assert given.herald("topology", "apply").exit_code == 0
        yield given


async def connects(url: str) -> bool:
    try:
        connection = await aio_pika.connect(url, timeout=10)
    except AMQPConnectionError:
        return False
    await connection.close()
    return True


def where(made: Deployment, role: str, virtual_host: str) -> str:
    return f"{virtual_host}/{made.names[role]}"


async def test_users_are_made_once_and_keep_their_passwords(made: Deployment) -> None:
    """A second time changes nothing, and a changed file counts only when that is asked for."""
    assert made.apply().stdout == "nothing to change\n"
    assert made.herald("topology", "check").exit_code == 0
    old = made.url("router")
    assert await connects(old)
    made.set_password("router", "another-one")
    assert made.apply().stdout == "nothing to change\n"
    assert await connects(old)
    made.apply("--replace-passwords")
    assert not await connects(old)
    assert await connects(made.url("router"))


async def test_what_differs_is_found_and_mended(made: Deployment, vhost: str) -> None:
    """More rights, fewer, other tags, another exchange's keys; the password stays."""
    host, names = vhost, made.names
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    made.api("PUT", f"permissions/{where(made, 'sms', host)}", everything)
    made.api("DELETE", f"permissions/{where(made, 'email', host)}")
    made.api("DELETE", f"topic-permissions/{where(made, 'ingress', host)}")
    extra = {"exchange": "herald.events", "write": ".*", "read": ".*"}
    made.api("PUT", f"topic-permissions/{where(made, 'shop', host)}", extra)
    more = {"exchange": "herald.commands", "write": "^x$", "read": "^x$"}
    made.api("PUT", f"topic-permissions/{where(made, 'router', host)}", more)
    hashed = {"password_hash": "", "tags": "administrator"}
    made.api("PUT", f"users/{names['whatsapp']}", hashed)

    check = made.herald("topology", "check")
    assert check.exit_code == 1
    found = check.stdout.splitlines()
    assert (
        f"permission {names['sms']}: differs (configure: expected '^$', found '.*',"
        " write: expected '^(herald\\\\.reports\\\\.sms|herald\\\\.receipts)$', found '.*',"
        " read: expected '^outbound\\\\.sms\\\\.', found '.*')"
    ) in found
    assert {line.partition(" (")[0] for line in found} == {
        f"permission {names['sms']}: differs",
        f"permission {names['email']}: missing",
        f"topic permission {names['ingress']} on herald.receipts: missing",
        f"topic permission {names['ingress']} on herald.dead: missing",
        f"topic permission {names['shop']} on herald.events: differs",
        f"topic permission {names['router']} on herald.commands: unexpected",
        f"user {names['whatsapp']}: differs",
    }
    mended = made.apply("--json")
    changed = {names[role] for role in ("sms", "email", "ingress", "shop", "router", "whatsapp")}
    assert set(json.loads(mended.stdout)["changed"]) == changed
    assert made.herald("topology", "check").stdout == "no differences\n"
    assert await connects(made.url("sms"))


async def test_a_user_without_a_password_can_not_log_in(
    tmp_path: Path, amqp_url: str, management_url: str
) -> None:
    """It is named, and gets its password when there is a file."""
    with deployment(tmp_path, amqp_url, management_url) as given:
        name = given.names["email"]
        (given.passwords / name).unlink()
        done = given.apply()
        assert done.stdout.count("made ") == len(ROLES)
        assert done.stderr == f"no password file: {name}\n"
        assert not await connects(given.url("email", ""))
        given.set_password("email", "later")
        assert given.apply().stdout == f"set {name}\n"
        assert await connects(given.url("email"))


def test_one_tenants_users_are_made_alone(
    tmp_path: Path, amqp_url: str, management_url: str
) -> None:
    """Whoever adds a tenant touches nobody else."""
    with deployment(tmp_path, amqp_url, management_url) as given:
        assert given.apply("--tenant", "shop").stdout == f"made {given.names['shop']}\n"


def test_who_is_no_administrator_is_answered_so(made: Deployment) -> None:
    """It may compare the topology, and sees no permissions; the topology job sets policies."""
    password = (made.passwords / made.names["topology"]).read_text().strip()
    host = made.management_url.rpartition("@")[2]
    url = f"http://{made.names['topology']}:{password}@{host}"
    own = {"HERALD_AMQP_URL": made.url("topology"), "HERALD_RABBITMQ_MANAGEMENT_URL": url}
    assert made.herald("topology", "apply", **own).exit_code == 0
    check = made.herald("topology", "check", **own)
    assert check.exit_code == 3
    assert "not seen: users' permissions" in check.stderr
    done = made.herald("topology", "permissions", "--apply", **own)
    assert done.exit_code == 1
    assert "it takes an administrator's" in done.stderr
    assert password not in done.output
