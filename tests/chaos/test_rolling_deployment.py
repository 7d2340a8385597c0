"""Two versions side by side: a deployment replaces the services one by one, on the new schema."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.commands import mixed
from chaos.fleet import Fleet
from chaos.load import under_load
from chaos.previous import TEMPLATES, NoHistoryError, assert_loaded_from, check_out, python_path
from chaos.record import settled
from chaos.replicas import KINDS, PAIRS, PREVIOUS
from chaos.verdict import judge
from herald_local.ports import LOOPBACK
from herald_local.provision import write_configuration

MESSAGES = 120
LOAD_SECONDS = 12
# the previous version judges silence by its own rules, which need not hold for several replicas
FALLBACK_AFTER_SECONDS = 120


@pytest.fixture
def mixed_fleet(fleet: Fleet, tmp_path: Path) -> Iterator[Fleet]:
    """Give a fleet with one of each service of either version; the configuration fits both."""
    version = tmp_path / "previous"
    try:
        check_out(version)
    except NoHistoryError as error:
        pytest.skip(str(error))
    fleet.heal()
    home = fleet.stack.home / "previous"
    access = fleet.stack.access
    write_configuration(home, access.state, access.names, version / TEMPLATES, names_services=False)
    assert_loaded_from(version)
    changes = {"PYTHONPATH": python_path(version), "HERALD_CONFIG": str(home / "herald.toml")}
    for kind in KINDS:
        # it has one listener, at the address it knows by this name
        port = str(fleet.stack.ports[PREVIOUS[kind]])
        listener = {"HERALD_HTTP_HOST": LOOPBACK, "HERALD_HTTP_PORT": port}
        fleet.add(PREVIOUS[kind], {**changes, **listener})
    ingress = PAIRS["ingress"]
    fleet.end(*(second for _, second in PAIRS.values()), *ingress)
    fleet.add(ingress[0], {"HERALD_CONFIG": str(_without_batches(fleet.stack.config))})
    fleet.wait_ready()
    yield fleet
    fleet.end(*ingress)
    for replica in ingress:
        fleet.add(replica)


def _without_batches(configuration: Path) -> Path:
    """Write ingress's configuration for as long as an earlier router runs beside it."""
    written = configuration.with_name("herald-without-batches.toml")
    text = configuration.read_text()
    assert "[ingress]\n" in text
    written.write_text(text.replace("[ingress]\n", "[ingress]\nbatches = false\n"))
    return written


def test_a_rolling_deployment_loses_nothing_and_repeats_nothing(
    mixed_fleet: Fleet, capfd: pytest.CaptureFixture[str]
) -> None:
    """While both versions run and the old one ends, each message is answered and sent once."""
    fleet = mixed_fleet
    commands = mixed(MESSAGES, fallback_after=f"{FALLBACK_AFTER_SECONDS}s", start_within="3m")
    with under_load(fleet.stack, commands, seconds=LOAD_SECONDS) as load:
        load.wait_until_confirmed(MESSAGES // 2)
        for kind in KINDS:
            fleet.end(PREVIOUS[kind])
    record = asyncio.run(settled(fleet.stack, load))
    verdict = judge(record, fleet.balancer.tries, fallback_after=FALLBACK_AFTER_SECONDS)
    with capfd.disabled():
        sys.stderr.write(f"\nrolling deployment: {verdict.counts()}\n")
    assert verdict.problems() == []
    assert verdict.contacted_twice == []
    assert record.dead_letters == []
    assert set(record.outcomes.values()) == {"succeeded"}
