"""`herald egress`, on a real database."""

from __future__ import annotations

import json

import command_line
from behaviour.channel.egress_world import egress_toml
from behaviour.channel.world import World, configure
from proxies import Proxy


def herald(world: World, *words: str) -> tuple[int, str, str]:
    """Run the command with a pool of two proxies configured."""
    kinds = [Proxy("http", "", world.folder, port=1), Proxy("socks5", "", world.folder, port=2)]
    more = egress_toml(world.folder, kinds)
    path = configure(world.folder, rate="1/s", timeout="5s", more=more)
    environment = {"HERALD_CONFIG": str(path), "HERALD_POSTGRES_DSN": world.dsn}
    done = command_line.herald(environment, *words)
    return done.exit_code, done.stdout.strip(), done.stderr.strip()


async def test_drain_and_restore_show_in_the_list(world: World) -> None:
    """A drained member is listed so, with exit 1; restored, all is well."""
    assert herald(world, "egress", "drain", "http") == (0, "http is drained", "")
    code, out, _ = herald(world, "egress", "list", "--json")
    states = {line["egress"]: line["state"] for line in json.loads(out)}
    assert (code, states) == (1, {"http": "drained", "socks5": "up"})
    code, out, _ = herald(world, "egress", "restore", "http", "--json")
    assert json.loads(out) == {"egress": "http", "drained": False, "changed": True}
    code, out, _ = herald(world, "egress", "list")
    assert code == 0
    assert "api.example.com:443" in out


async def test_a_quarantine_is_listed_with_its_code(world: World) -> None:
    """And restoring the member has it checked at once."""
    await world.database.execute(
        "INSERT INTO channel.egress (egress, server, code, pause, check_at) VALUES ('socks5',"
        " 'api.example.com:443', 'proxy_auth', '1min', clock_timestamp() + interval '1min')"
    )
    code, out, _ = herald(world, "egress", "list", "--json")
    [line] = [line for line in json.loads(out) if line["egress"] == "socks5"]
    assert (code, line["state"], line["code"]) == (1, "quarantined", "proxy_auth")
    assert herald(world, "egress", "restore", "socks5")[0] == 0
    due = "SELECT check_at <= clock_timestamp() FROM channel.egress"
    assert await world.database.fetchval(due)


async def test_an_unknown_member_is_named(world: World) -> None:
    """Nothing is written for a slip of the pen."""
    code, _, err = herald(world, "egress", "drain", "htpt")
    assert (code, err) == (2, "no egress member is named htpt; herald.toml has http, socks5")
