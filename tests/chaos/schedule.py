"""What a nemesis does and when, drawn from a seed. Pure.

The rule: of each pair of replicas at most one has a fault at a time, so that somebody can go on.
Pairs have theirs independently, so several faults hold at once; broker and database are struck
beside them, one at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from random import Random
from typing import Any

from chaos.replicas import PAIRS

SERVERS = "servers"


class Kind(StrEnum):
    """What is done."""

    KILL = "killed, started again"
    SUSPEND = "suspended"
    BROKER_CUT = "broker link cut"
    BROKER_DEAD = "broker link dead"
    BROKER_DUMB = "broker's answers withheld"
    DATABASE_CUT = "database link cut"
    DATABASE_DEAD = "database link dead"
    REPLY_LOST = "reply of a commit or claim lost"
    CLOCK_AHEAD = "clock 60 s ahead"
    CLOCK_BACK = "clock 600 s back"
    ALARM = "broker out of memory"
    BROKER_KILLED = "broker killed"
    DATABASE_AWAY = "database away"


CLOCKS = frozenset({Kind.CLOCK_AHEAD, Kind.CLOCK_BACK})
OF_SERVERS = (Kind.ALARM, Kind.BROKER_KILLED, Kind.DATABASE_AWAY)
OF_INGRESS = (Kind.KILL, Kind.SUSPEND, Kind.BROKER_CUT, Kind.BROKER_DEAD, *sorted(CLOCKS))
OF_REPLICAS = tuple(kind for kind in Kind if kind not in OF_SERVERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault; times are seconds since the load began."""

    kind: Kind
    target: str  # a replica, or `servers`
    begins: float
    lasts: float

    @property
    def ends(self) -> float:
        return self.begins + self.lasts

    def as_json(self) -> dict[str, Any]:
        """Return it for a line of JSON."""
        return {**asdict(self), "begins": round(self.begins, 1), "lasts": round(self.lasts, 1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """How long a run lasts, and its faults, in seconds.

    A worker's claim lives for 30 s: a worker suspended for longer may end one without a call.
    """

    run: float
    longest: float
    longest_of_worker: float
    servers: bool


SHORT = Length(run=20, longest=12, longest_of_worker=10, servers=False)
LONG = Length(run=180, longest=45, longest_of_worker=25, servers=True)

SHORTEST, FIRST_AT = 5.0, 3.0
RESTART_SECONDS = (2.0, 6.0)
SUSPENDED_AT_MOST = 40.0
REPLY_SECONDS = 4.0
SERVERS_AWAY_SECONDS = (8.0, 25.0)
PAUSE_SECONDS: Mapping[str, tuple[float, float]] = {
    "router": (4.0, 10.0),
    "ingress": (6.0, 20.0),
    SERVERS: (30.0, 60.0),
}
WORKERS_PAUSE_SECONDS = (6.0, 25.0)


def draw(seed: int, length: Length) -> list[Fault]:
    """Draw a run's faults in the order of their beginning."""
    random = Random(seed)  # noqa: S311  it repeats a run, and guards nothing
    lanes = [*PAIRS, SERVERS] if length.servers else [*PAIRS]
    drawn = [fault for lane in lanes for fault in _lane(random, lane, length)]
    return sorted(drawn, key=lambda fault: (fault.begins, fault.target))


def _lane(random: Random, lane: str, length: Length) -> Iterator[Fault]:
    kinds = {SERVERS: OF_SERVERS, "ingress": OF_INGRESS}.get(lane, OF_REPLICAS)
    pauses = PAUSE_SECONDS.get(lane, WORKERS_PAUSE_SECONDS)
    at = FIRST_AT + random.uniform(0, pauses[0])
    while True:
        kind = random.choice(kinds)
        target = SERVERS if lane == SERVERS else random.choice(PAIRS[lane])
        lasts = _seconds(random, kind, lane, length)
        if at + lasts > length.run:
            return
        yield Fault(kind=kind, target=target, begins=at, lasts=lasts)
        at += lasts + random.uniform(*pauses)


def _seconds(random: Random, kind: Kind, lane: str, length: Length) -> float:
    if kind is Kind.KILL:
        return random.uniform(*RESTART_SECONDS)
    if kind is Kind.REPLY_LOST:
        return REPLY_SECONDS
    if lane == SERVERS:
        return random.uniform(*SERVERS_AWAY_SECONDS)
    longest = length.longest_of_worker if lane.startswith("channel-") else length.longest
    if kind is Kind.SUSPEND:
        longest = min(longest, SUSPENDED_AT_MOST)
    return random.uniform(SHORTEST, longest)
