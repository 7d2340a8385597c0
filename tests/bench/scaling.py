"""`make scaling`: from what a message costs (the JSON of `make bench`) to how many of each part.

A calculation, not a measurement: it takes the cost of one message on one machine as the cost of
every message, and fills each part to a share of what it has.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MICROSECONDS = 1_000_000
_MEGABYTE = 1_000_000
WORKER_SLOTS = 200  # calls that a worker makes at once, in the normal lane
WORKERS = ("channel-whatsapp", "channel-sms", "channel-email")
# what a queue does for one message: publish, confirm, deliver, acknowledge
STEPS_IN_A_QUEUE = 4
BEGIN, END = "<!-- scaling -->", "<!-- /scaling -->"
RATES = [100.0, 1000.0, 5000.0]
WEBHOOKS = 3  # of each message in the bench's `webhooks` part


class NoCostsError(Exception):
    """The file holds no costs; the text says what it lacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """What the machines have, and how full they may be."""

    share: float = 0.7  # of a core, a disk or a network: above it every queue grows with each burst
    broker_cores: int = 4
    database_cores: int = 8
    log_megabytes: float = 100.0  # that the database's disk syncs a second
    network_megabytes: float = 125.0  # a second: 1 Gbit/s
    provider_seconds: float = 0.2  # until a provider answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One message: microseconds of processor time, bytes, and steps at the broker."""

    router: int
    worker: int
    ingress: int
    broker: int
    database: int
    row_writes: float
    commits: float
    log_bytes: int
    network_bytes: int
    broker_steps: float
    webhooks: int

    @classmethod
    def of(cls, found: Mapping[str, Any], webhooks: int) -> Cost:
        """Read one path's costs as the bench writes them."""
        used = found["cpu_us"]
        return cls(
            router=used["router"],
            worker=max(used[name] for name in WORKERS),  # the one that made the calls
            ingress=used["ingress"] if webhooks else 0,
            broker=used["rabbitmq"],
            database=used["postgresql"],
            row_writes=found["row_writes"],
            commits=found["commits"],
            log_bytes=found["wal_bytes"],
            network_bytes=found["network_bytes"],
            broker_steps=found["broker_steps"],
            webhooks=webhooks,
        )

    @property
    def busiest_queue(self) -> float:
        """Microseconds of the queue of receipts, if queues did all that the broker does."""
        steps = STEPS_IN_A_QUEUE * (1 + self.webhooks)
        return self.broker * min(1.0, steps / self.broker_steps)


def costs(bench: Mapping[str, Any]) -> dict[str, Cost]:
    """Return what a message costs, by its path.

    Raises:
        NoCostsError: the bench did not measure it.
    """
    paths = {
        "to the acceptance": ("end_to_end", 0),
        f"with {WEBHOOKS} webhooks": ("webhooks", WEBHOOKS),
    }
    found: dict[str, Cost] = {}
    for title, (part, webhooks) in paths.items():
        try:
            found[title] = Cost.of(bench[part]["cost_per_message"]["herald"], webhooks)
        except KeyError as error:
            raise NoCostsError(
                f"{part}: {error} is missing; make bench ARGS='--only end_to_end,webhooks'"
            ) from None
    return found


def limits(cost: Cost, given: Assumptions) -> dict[str, float]:
    """Return how many messages a second each part takes: one process, server, disk or network."""

    def of(microseconds: float, cores: int = 1) -> float:
        return cores * given.share * _MICROSECONDS / microseconds if microseconds else math.inf

    return {
        "one router": of(cost.router),
        "one worker": min(of(cost.worker), WORKER_SLOTS / given.provider_seconds),
        "one ingress": of(cost.ingress),
        "the busiest queue, on a core": of(cost.busiest_queue),
        f"the broker, {given.broker_cores} cores": of(cost.broker, given.broker_cores),
        f"the database, {given.database_cores} cores": of(cost.database, given.database_cores),
        f"the database's log, {given.log_megabytes:g} MB/s": (
            given.share * given.log_megabytes * _MEGABYTE / cost.log_bytes
        ),
        f"the network, {given.network_megabytes:g} MB/s": (
            given.share * given.network_megabytes * _MEGABYTE / cost.network_bytes
        ),
    }


def needed(cost: Cost, given: Assumptions, rate: float) -> dict[str, str]:
    """Return what a rate takes of each part."""
    most = limits(cost, given)
    processes = {
        name: math.ceil(rate / most[f"one {name}"]) for name in ("router", "worker", "ingress")
    }

    def cores(microseconds: float) -> str:
        return f"{rate * microseconds / _MICROSECONDS / given.share:.1f}"

    return {
        **{f"{name} processes": str(number) for name, number in processes.items()},
        "broker cores": cores(cost.broker),
        "database cores": cores(cost.database),
        "database log, MB/s": f"{rate * cost.log_bytes / _MEGABYTE:.1f}",
        "database, rows written a second": f"{rate * cost.row_writes:,.0f}",
        "network, MB/s": f"{rate * cost.network_bytes / _MEGABYTE:.1f}",
    }


def report(bench: Mapping[str, Any], given: Assumptions, rates: list[float]) -> str:
    """Write the three tables: what a message costs, what takes how many, what a rate needs."""
    found = costs(bench)
    return "\n\n".join(
        [
            _table(["a message costs", *found], _cost_rows(list(found.values()))),
            *(
                _table([f"{title}: takes at most", "messages a second"], _limit_rows(cost, given))
                for title, cost in found.items()
            ),
            _needs_table(list(found.items())[-1], given, rates),
        ]
    )


def _cost_rows(found: list[Cost]) -> Iterator[list[str]]:
    names = {
        "router": "router, µs",
        "worker": "worker, µs",
        "ingress": "ingress, µs",
        "broker": "broker, µs",
        "database": "database, µs",
        "row_writes": "rows written",
        "commits": "commits",
        "log_bytes": "bytes in the database's log",
        "network_bytes": "bytes on the network",
        "broker_steps": "steps at the broker",
    }
    for name, title in names.items():
        yield [title, *(f"{getattr(cost, name):,}" for cost in found)]


def _limit_rows(cost: Cost, given: Assumptions) -> Iterator[list[str]]:
    for name, most in sorted(limits(cost, given).items(), key=lambda item: item[1]):
        if most != math.inf:
            yield [name, f"{most:,.0f}"]


def _needs_table(path: tuple[str, Cost], given: Assumptions, rates: list[float]) -> str:
    title, cost = path
    by_rate = [needed(cost, given, rate) for rate in rates]
    rows = ([name, *(one[name] for one in by_rate)] for name in by_rate[0])
    return _table([f"{title}: needs", *(f"{rate:,.0f}/s" for rate in rates)], rows)


def _table(head: list[str], rows: Iterator[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *rows))


def written(page: str, tables: str) -> str:
    """Return a page with the tables between its two marks.

    Raises:
        ValueError: it has no such marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"no {BEGIN} and {END} in the page")
    return f"{before}{begin}\n\n{tables}\n\n{end}{after}"


def main() -> int:
    """Print the tables for a file of the bench's, or write them into a page."""
    parser = argparse.ArgumentParser(prog="make scaling", description=__doc__)
    parser.add_argument("bench", type=Path, help="what `make bench` printed")
    parser.add_argument("--rate", type=float, action="append", help="messages a second; may repeat")
    for name, value in vars(_defaults()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    parser.add_argument("--write", type=Path, help="a page that holds the tables between marks")
    options = vars(parser.parse_args())
    path, rates = options.pop("bench"), options.pop("rate") or RATES
    page = options.pop("write")
    try:
        found = json.loads(path.read_text().splitlines()[-1] or "{}")
        tables = report(found, Assumptions(**options), rates)
        if page is None:
            print(tables)  # noqa: T201  the result
        else:
            page.write_text(written(page.read_text(), tables))
    except (OSError, ValueError, NoCostsError) as error:
        parser.error(f"{path}: {error}")
    return 0


def _defaults() -> argparse.Namespace:
    given = Assumptions()
    return argparse.Namespace(
        **{name: getattr(given, name) for name in Assumptions.__dataclass_fields__}
    )


if __name__ == "__main__":
    sys.exit(main())
