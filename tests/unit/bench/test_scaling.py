"""From what a message costs to how many of each part: the calculation of docs/scaling.md."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.scaling import (
    RATES,
    Assumptions,
    Cost,
    NoCostsError,
    costs,
    limits,
    needed,
    report,
    written,
)

ROOT = Path(__file__).parents[3]
GIVEN = Assumptions()


def found(**changes: Any) -> dict[str, Any]:
    """Write what the bench says of one path."""
    used = {
        "router": 700, "channel-sms": 350, "channel-whatsapp": 0, "channel-email": 0,
        "ingress": 140, "rabbitmq": 280, "postgresql": 560,
    }  # fmt: skip
    return {
        "cpu_us": used, "row_writes": 9.0, "commits": 0.4, "broker_steps": 14.0,
        "wal_bytes": 10_000, "network_bytes": 25_000,
    } | changes  # fmt: skip


BENCH = {
    "end_to_end": {"cost_per_message": {"herald": found()}},
    "webhooks": {"cost_per_message": {"herald": found(broker_steps=28.0)}},
}


def test_each_part_takes_what_its_share_allows() -> None:
    """A core at 70 % is 700,000 µs a second; bytes are bounded likewise."""
    most = limits(Cost.of(found(), webhooks=0), GIVEN)
    assert most["one router"] == pytest.approx(1000)
    assert most["the broker, 4 cores"] == pytest.approx(10_000)
    assert most["the database, 8 cores"] == pytest.approx(10_000)
    assert most["the database's log, 100 MB/s"] == pytest.approx(7000)
    assert most["the network, 125 MB/s"] == pytest.approx(3500)
    assert most["one ingress"] == float("inf")  # nothing comes in by webhook


def test_a_worker_is_bounded_by_its_slots_where_providers_are_slow() -> None:
    """200 calls at once, a fifth of a second each, are 1,000 a second."""
    cost = Cost.of(found(), webhooks=0)
    assert limits(cost, GIVEN)["one worker"] == pytest.approx(1000)
    quick = Assumptions(provider_seconds=0.01)
    assert limits(cost, quick)["one worker"] == pytest.approx(2000)


def test_the_busiest_queue_is_that_of_receipts() -> None:
    """It sees the worker's report and each webhook; the broker's cores don't help one queue."""
    cost = Cost.of(found(broker_steps=28.0), webhooks=3)
    assert cost.busiest_queue == pytest.approx(280 * 16 / 28)
    assert limits(cost, GIVEN)["the busiest queue, on a core"] == pytest.approx(4375)


def test_what_a_rate_needs_is_rounded_up_to_processes() -> None:
    """Two and a half routers are three."""
    wanted = needed(Cost.of(found(), webhooks=3), GIVEN, 2500)
    assert (wanted["router processes"], wanted["worker processes"]) == ("3", "3")
    assert wanted["ingress processes"] == "1"
    assert wanted["broker cores"] == "1.0"
    assert wanted["database log, MB/s"] == "25.0"


def test_a_file_without_costs_is_refused() -> None:
    """It names the part and what to run."""
    with pytest.raises(NoCostsError, match=r"^webhooks: 'webhooks' is missing; make bench"):
        costs({"end_to_end": BENCH["end_to_end"]})


def test_what_saturates_first_stands_first() -> None:
    """The limits are listed from the least to the most."""
    tables = report(BENCH, GIVEN, [1000]).split("\n\n")
    least = next(line for line in tables[1].splitlines() if line.startswith("| one "))
    assert tables[1].splitlines()[2] == least
    assert tables[-1].splitlines()[0] == "| with 3 webhooks: needs | 1,000/s |"


def test_the_page_shows_what_the_calculation_prints() -> None:
    """docs/scaling.md has the tables of docs/measured.json."""
    found = json.loads((ROOT / "docs" / "measured.json").read_text().splitlines()[-1])
    page = (ROOT / "docs" / "scaling.md").read_text()
    assert written(page, report(found, GIVEN, RATES)) == page, (
        'make scaling ARGS="docs/measured.json --write docs/scaling.md"'
    )


def test_the_command_prints_the_tables_of_a_file(tmp_path: Path) -> None:
    """The last line is read: `make bench` says other things before it."""
    file = tmp_path / "bench.json"
    file.write_text("progress\n" + json.dumps(BENCH) + "\n")
    command = [sys.executable, "-m", "bench.scaling", str(file), "--rate", "2000"]
    said = subprocess.run(
        [*command, "--broker-cores", "16"],
        cwd=ROOT / "tests",
        capture_output=True,
        text=True,
        check=True,
    )
    assert "the broker, 16 cores" in said.stdout
    assert "| 2,000/s |" in said.stdout
    wrong = subprocess.run(
        [*command[:-3], "/nowhere"], cwd=ROOT / "tests", capture_output=True, text=True, check=False
    )
    assert (wrong.returncode, "No such file" in wrong.stderr) == (2, True)
