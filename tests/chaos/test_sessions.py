"""An account signs in with access tokens while its workers are replaced, and while keys change."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from chaos.commands import on_one_channel
from chaos.fleet import Fleet
from chaos.invariants import doubles
from chaos.load import under_load
from chaos.record import settled
from chaos.replicas import PAIRS
from chaos.size import SHORT, SIZE
from herald_local import services
from herald_local.web import call

MESSAGES, SECONDS = 2000, 20.0
ACCOUNT = "smtp-oauth"
WORKERS = PAIRS["channel-email"]

pytestmark = pytest.mark.skipif(
    SIZE is SHORT, reason="`make chaos` does it; tests/behaviour/sessions is the short form"
)


@pytest.fixture
def endpoint(fleet: Fleet) -> Iterator[Fleet]:
    """Give a healthy fleet; the token endpoint is as configured afterwards."""
    fleet.heal()
    yield fleet
    _tokens(fleet, {"lifetime_seconds": 3600})


def test_every_worker_is_replaced_and_nobody_signs_in_again(
    endpoint: Fleet, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each of two workers is ended and started, several times, while mails are sent."""
    fleet, replaced = endpoint, 0
    before = _tokens(fleet)
    commands = on_one_channel(MESSAGES, "email", ttl="1h", account=ACCOUNT)
    with under_load(fleet.stack, commands, seconds=SECONDS) as load:
        load.wait_until_confirmed(MESSAGES // 3)
        for replica in (*WORKERS, *WORKERS):
            fleet.end(replica)
            fleet.start(replica)
            fleet.wait_ready()
            replaced += 1
    record = asyncio.run(settled(fleet.stack, load))
    after = _tokens(fleet)
    _say(capfd, f"{replaced} replacements, tokens {before} -> {after}")
    assert Counter(record.outcomes.values()) == {"succeeded": MESSAGES}
    assert doubles(record) == []
    assert after["refused"] == {}
    # the first mail of the fleet signs in, here or in a test before; nothing after that does
    assert _granted(after) - _granted(before) <= (0 if _granted(before) else 1)


def test_keys_change_while_mails_are_sent(
    endpoint: Fleet, capfd: pytest.CaptureFixture[str]
) -> None:
    """Four new keys while tokens live for some seconds only: no mail fails, none is sent twice."""
    fleet = endpoint
    _tokens(fleet, {"lifetime_seconds": 4})
    _herald(fleet, "renew", ACCOUNT)
    before = _tokens(fleet)
    commands = on_one_channel(MESSAGES, "email", ttl="1h", account=ACCOUNT)
    with under_load(fleet.stack, commands, seconds=SECONDS) as load:
        load.wait_until_confirmed(MESSAGES // 3)
        for _ in range(4):
            _herald(fleet, "rotate-keys", "--new")
    record = asyncio.run(settled(fleet.stack, load))
    after = _tokens(fleet)
    _say(capfd, f"4 keys, tokens {before} -> {after}")
    assert Counter(record.outcomes.values()) == {"succeeded": MESSAGES}
    assert doubles(record) == []
    assert after["refused"] == {}
    assert _granted(after) > _granted(before) + 1


def _tokens(fleet: Fleet, change: dict[str, Any] | None = None) -> Any:
    """Read what the token endpoint has answered so far, or change what it does."""
    method, body = ("GET", None) if change is None else ("POST", json.dumps(change).encode())
    answer = call(method, f"{fleet.stack.sandbox_url}/_sandbox/oauth", body)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def _granted(tokens: Any) -> int:
    return sum(tokens["granted"].values())


def _herald(fleet: Fleet, *words: str) -> None:
    """Run `herald sessions` as the e-mail channel."""
    subprocess.run(
        [sys.executable, "-m", "herald.cli", "sessions", *words],
        env=services.environment(fleet.stack, WORKERS[0]),
        check=True,
        capture_output=True,
        timeout=60,
    )


def _say(capfd: pytest.CaptureFixture[str], text: str) -> None:
    with capfd.disabled():
        sys.stderr.write(f"\n{MESSAGES} messages, {text}\n")
