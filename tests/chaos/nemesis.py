"""Carries a schedule of faults out, each at its time, each undone at its end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import groupby

from chaos.alarm import out_of_memory
from chaos.firehose import trace
from chaos.fleet import BROKER, DATABASE, Fleet
from chaos.replicas import kind_of
from chaos.schedule import SERVERS, Fault, Kind
from herald_local.servers import private_servers

CLAIMED, COMMITTED = b"INSERT 0 ", b"COMMIT\0"  # PostgreSQL's words when it has done so
CLOCK_SECONDS = {Kind.CLOCK_AHEAD: 60, Kind.CLOCK_BACK: -600}


def strike(fleet: Fleet, faults: Sequence[Fault]) -> None:
    """Do all that a schedule says; returns when the last fault is undone."""
    began = time.monotonic()
    by_pair = sorted(faults, key=lambda fault: (_pair(fault), fault.begins))
    lanes = [list(lane) for _, lane in groupby(by_pair, key=_pair)]
    with ThreadPoolExecutor(max_workers=max(1, len(lanes))) as threads:
        running = [threads.submit(_one_after_the_other, fleet, lane, began) for lane in lanes]
    for lane in running:
        lane.result()


def _pair(fault: Fault) -> str:
    return SERVERS if fault.target == SERVERS else kind_of(fault.target)


def _one_after_the_other(fleet: Fleet, faults: Sequence[Fault], began: float) -> None:
    for fault in faults:
        time.sleep(max(0.0, began + fault.begins - time.monotonic()))
        with _fault(fleet, fault):
            time.sleep(max(0.0, began + fault.ends - time.monotonic()))


@contextmanager
def _fault(fleet: Fleet, fault: Fault) -> Iterator[None]:
    if fault.target == SERVERS:
        with _server_fault(fleet, fault.kind):
            yield
        return
    _begin(fleet, fault)
    try:
        yield
    finally:
        _end(fleet, fault)


def _begin(fleet: Fleet, fault: Fault) -> None:
    replica, network = fault.target, fleet.network
    broker, database = fleet.link(replica, BROKER), fleet.link(replica, DATABASE)
    match fault.kind:
        case Kind.KILL:
            fleet.kill(replica)
        case Kind.SUSPEND:
            fleet.suspend(replica)
        case Kind.BROKER_CUT:
            network.do(broker.cut)
        case Kind.BROKER_DEAD:
            network.do(broker.hold)
        case Kind.BROKER_DUMB:
            network.do(broker.hold_replies)
        case Kind.DATABASE_CUT:
            network.do(database.cut)
        case Kind.DATABASE_DEAD:
            network.do(database.hold)
        case Kind.REPLY_LOST:
            marker = COMMITTED if kind_of(replica) == "router" else CLAIMED
            network.do(lambda: database.lose_reply(marker))
        case _:
            fleet.clocks[replica].set_off(CLOCK_SECONDS[fault.kind])


def _end(fleet: Fleet, fault: Fault) -> None:
    if fault.kind is Kind.KILL:
        fleet.start(fault.target)
    elif fault.kind is Kind.SUSPEND:
        fleet.resume(fault.target)
    elif fault.kind in CLOCK_SECONDS:
        fleet.clocks[fault.target].set_off(0)
    else:
        for server in (BROKER, DATABASE):
            fleet.network.do(fleet.link(fault.target, server).heal)


@contextmanager
def _server_fault(fleet: Fleet, kind: Kind) -> Iterator[None]:
    broker, database = private_servers(fleet.stack.home)
    if kind is Kind.ALARM:
        with out_of_memory(broker):
            yield
    elif kind is Kind.BROKER_KILLED:
        broker.stop(gracefully=False)
        try:
            yield
        finally:
            fleet.launch(lambda: broker.start(die_with_parent=True))
            trace(fleet.stack)
    else:
        database.stop()
        try:
            yield
        finally:
            fleet.launch(lambda: database.start(die_with_parent=True))
