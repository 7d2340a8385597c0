"""The bus as data."""

from __future__ import annotations

import re
from itertools import product

import pytest

from herald.contracts import topology
from herald.contracts.bus_entities import Binding
from herald.contracts.topology import topology_for
from herald.contracts.vocabulary import Lane

BUS = topology_for(["sms", "email", "sms"])
QUEUES = {queue.name: queue for queue in BUS.queues}


def test_queues_are_computed_from_the_channels() -> None:
    """Each channel has a queue a lane, next to the router's own."""
    assert set(QUEUES) == {
        *(f"router.commands.{lane}" for lane in ("urgent", "normal", "bulk")),
        "router.control",
        *(f"router.receipts.{lane}" for lane in ("urgent", "normal", "bulk")),
        "router.receipts",
        "router.unroutable",
        "herald.dead",
        *(
            f"outbound.{c}.{lane}"
            for c in ("sms", "email")
            for lane in ("urgent", "normal", "bulk")
        ),
    }
    assert len(BUS.queues) == len(QUEUES)


@pytest.mark.parametrize("name", sorted(set(QUEUES) - {"herald.dead"}))
def test_queue_dead_letters_under_its_own_name(name: str) -> None:
    """Every queue but the dead letters' own never drops a message silently."""
    assert QUEUES[name].arguments == {
        "x-queue-type": "quorum",
        "x-delivery-limit": 20,
        "x-overflow": "reject-publish",
        "x-dead-letter-exchange": "herald.dead",
        "x-dead-letter-routing-key": name,
        "x-dead-letter-strategy": "at-least-once",
    }


def test_dead_letters_have_nowhere_further_to_go() -> None:
    """The queue of dead letters has no dead letter of its own and practically no limit."""
    assert QUEUES["herald.dead"].arguments == {
        "x-queue-type": "quorum",
        "x-delivery-limit": 1_000_000,
        "x-overflow": "reject-publish",
    }


def test_every_published_key_is_bound() -> None:
    """Whatever Herald publishes internally reaches a queue."""
    bound = {(b.exchange, b.routing_key): b.queue for b in BUS.bindings}
    for lane, exchange in product(Lane, ("herald.outbound.direct", "herald.outbound")):
        queue = topology.outbound_queue("sms", lane)
        assert bound[exchange, topology.outbound_key("sms", lane)] == queue
    for key in topology.COMMAND_KEYS:
        assert ("herald.commands", key) in bound
    for lane in Lane:
        queue = topology.receipts_queue(lane)
        assert bound["herald.receipts.direct", topology.attempt_receipt_key("sms", lane)] == queue
        assert bound["herald.receipts.direct", topology.pulse_key(lane)] == queue
    for key in (topology.inbound_receipt_key("email"), topology.account_receipt_key("email")):
        assert bound["herald.receipts.direct", key] == "router.receipts.normal"
    assert Binding("herald.dead", "#", "herald.dead") in BUS.bindings


def test_a_channel_reports_by_its_own_exchange() -> None:
    """Only keys of its own lead from there to a queue, and those of webhooks' news do not."""
    keys = [b.routing_key for b in BUS.bindings if b.exchange == "herald.reports.sms"]
    assert keys == [
        *(topology.attempt_receipt_key("sms", lane) for lane in Lane),
        topology.inbound_receipt_key("sms"),
    ]
    kinds = {exchange.name: exchange.kind for exchange in BUS.exchanges}
    assert (kinds["herald.reports.sms"], kinds["herald.reports.email"]) == ("direct", "direct")


def test_earlier_receipts_of_a_lane_reach_its_queue_alone() -> None:
    """Every key reaches one queue; those of services without lanes have their own."""
    bound = [b for b in BUS.bindings if b.exchange == "herald.receipts"]
    patterns = [(b.routing_key.replace(".", r"\.").replace("*", "[^.]+"), b.queue) for b in bound]
    keys = {
        **{topology.attempt_receipt_key("sms", lane): f"router.receipts.{lane}" for lane in Lane},
        topology.inbound_receipt_key("sms"): "router.receipts.normal",
        topology.pulse_key(Lane.BULK): "router.receipts.bulk",
        "attempt.sms": "router.receipts",
        "inbound.sms": "router.receipts",
    }
    for key, queue in keys.items():
        assert [to for pattern, to in patterns if re.fullmatch(pattern, key)] == [queue]


def test_only_commands_have_an_alternate_exchange() -> None:
    """An alternate exchange on any other would hide that a publish went nowhere."""
    alternates = {e.name: e.arguments.get("alternate-exchange") for e in BUS.exchanges}
    assert alternates.pop("herald.commands") == "herald.unroutable"
    assert set(alternates.values()) == {None}


def test_lane_follows_from_the_command_key() -> None:
    """Send keys choose a lane; other keys choose none."""
    assert topology.lane_of("message.send") is Lane.NORMAL
    assert topology.lane_of("message.send.urgent") is Lane.URGENT
    assert topology.lane_of("message.send.bulk") is Lane.BULK
    assert topology.lane_of("message.cancel") is None


@pytest.mark.parametrize(
    ("key", "readable"),
    [
        (topology.message_event_key("delivered", "shop"), True),
        (topology.command_event_key("accepted", "shop"), True),
        (topology.inbound_event_key("sms", "shop"), True),
        (topology.account_event_key("updated", "shop"), True),
        (topology.attempt_event_key("sms", "failed", "shop"), True),
        (topology.message_event_key("delivered", "shop2"), False),
        (topology.message_event_key("delivered", "other"), False),
        (topology.attempt_event_key("sms", "shop", "other"), False),
    ],
)
def test_tenant_reads_its_own_events_only(key: str, readable: bool) -> None:
    """The topic permission of a tenant covers its keys of every family and no other's."""
    assert bool(re.search(topology.tenant_read_pattern("shop"), key)) is readable


def test_tenant_pattern_refuses_what_is_no_tenant() -> None:
    """A pattern can't be smuggled in as a tenant's name."""
    with pytest.raises(ValueError, match="not a tenant name"):
        topology.tenant_read_pattern(".*")
