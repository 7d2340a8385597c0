"""Broker users' rights as patterns: all that each needs, and nothing of its neighbours'."""

from __future__ import annotations

import re
from itertools import product

import pytest

from herald.contracts import rights, topology
from herald.contracts.rights import Rights
from herald.contracts.topology import (
    COMMANDS,
    CONTROL_QUEUE,
    DEAD,
    DEAD_QUEUE,
    EARLIER_RECEIPTS,
    EARLIER_RECEIPTS_QUEUE,
    EVENTS,
    OUTBOUND,
    RECEIPTS,
    UNROUTABLE_QUEUE,
)
from herald.contracts.vocabulary import Lane

BUS = topology.topology_for(["sms", "sms-two", "email"])


def may_publish(held: Rights, exchange: str, key: str) -> bool:
    """Judge as RabbitMQ does: the exchange, and the key where there are topic rights on it."""
    keys = [topic.write for topic in held.topics if topic.exchange == exchange]
    return bool(re.search(held.write, exchange)) and all(re.search(one, key) for one in keys)


INGRESS = [
    *(topology.attempt_receipt_key("sms-two", lane) for lane in Lane),
    topology.inbound_receipt_key("sms-two"),
    topology.account_receipt_key("sms-two"),
    topology.pulse_key(Lane.NORMAL),
]


@pytest.mark.parametrize("key", INGRESS)
def test_ingress_publishes_all_its_receipts(key: str) -> None:
    """Of every kind, also what an earlier version left in its spool; and what it sets aside."""
    assert may_publish(rights.ingress_rights(), RECEIPTS, key)
    assert may_publish(rights.ingress_rights(), EARLIER_RECEIPTS, key)
    assert may_publish(rights.ingress_rights(), DEAD, topology.QUARANTINE_KEY)


def test_ingress_publishes_nothing_else() -> None:
    """Neither dead letters of others nor work, events, commands or what workers report."""
    held = rights.ingress_rights()
    assert not may_publish(held, DEAD, topology.outbound_queue("sms", Lane.NORMAL))
    assert not may_publish(held, EARLIER_RECEIPTS, topology.pulse_key(Lane.URGENT))
    others = (topology.reports_exchange("sms"), OUTBOUND, EVENTS, COMMANDS)
    assert not any(may_publish(held, one, "message.send") for one in others)
    assert not any(re.search(held.read, queue.name) for queue in BUS.queues)


def test_a_channels_workers_have_their_own_work_and_reports() -> None:
    """Also where another channel's name begins like theirs."""
    held = rights.channel_rights("sms")
    taken = {queue.name for queue in BUS.queues if re.search(held.read, queue.name)}
    assert taken == {topology.outbound_queue("sms", lane) for lane in Lane}
    granted = {
        channel
        for channel, lane in product(("sms", "sms-two", "email"), Lane)
        if may_publish(held, EARLIER_RECEIPTS, topology.attempt_receipt_key(channel, lane))
    }
    assert granted == {"sms"}
    inbound = {
        channel
        for channel in ("sms", "sms-two", "email")
        if may_publish(held, EARLIER_RECEIPTS, topology.inbound_receipt_key(channel))
    }
    assert inbound == {"sms"}
    key = topology.attempt_receipt_key("sms", Lane.NORMAL)
    assert may_publish(held, topology.reports_exchange("sms"), key)
    others = (topology.reports_exchange("sms-two"), RECEIPTS, OUTBOUND, EVENTS, COMMANDS, DEAD)
    assert not any(may_publish(held, one, "sms.normal") for one in others)


def test_the_routers_take_all_of_theirs() -> None:
    """Commands, receipts and what was given up; no channel's work."""
    held = rights.router_rights()
    taken = {queue.name for queue in BUS.queues if re.search(held.read, queue.name)}
    others = {queue.name for queue in BUS.queues if queue.name.startswith("outbound.")}
    assert taken == {queue.name for queue in BUS.queues} - others
    assert {CONTROL_QUEUE, DEAD_QUEUE, EARLIER_RECEIPTS_QUEUE, UNROUTABLE_QUEUE} <= taken


@pytest.mark.parametrize("key", topology.COMMAND_KEYS)
def test_operators_commands_are_operators(key: str) -> None:
    """A tenant has every other command; an operator has all."""
    assert may_publish(rights.operator_rights(), COMMANDS, key)
    is_operators = key in topology.OPERATOR_KEYS
    assert may_publish(rights.tenant_rights("shop"), COMMANDS, key) is not is_operators


@pytest.mark.parametrize(
    ("queue", "own"),
    [
        ("events.shop.orders", True),
        ("events.shop2.orders", False),
        ("events.shop-two.orders", False),
        ("events.other.shop.orders", False),
        ("router.control", False),
        ("events.shop", False),
    ],
)
def test_a_tenants_queues_are_its_own(queue: str, own: bool) -> None:
    """Those that begin with its name and a dot."""
    held = rights.tenant_rights("shop")
    patterns = (held.configure, held.write, held.read)
    assert [bool(re.search(pattern, queue)) for pattern in patterns] == [own] * 3


def test_no_pattern_comes_in_as_a_tenants_name() -> None:
    """Rights of `.*` would be everybody's."""
    with pytest.raises(ValueError, match="not a tenant name"):
        rights.tenant_rights(".*")


def test_only_the_topology_job_configures_what_is_heralds() -> None:
    """Services declare nothing."""
    services = (rights.router_rights(), rights.ingress_rights(), rights.channel_rights("sms"))
    assert {held.configure for held in services} == {"^$"}
    names = [exchange.name for exchange in BUS.exchanges] + [queue.name for queue in BUS.queues]
    assert all(re.search(rights.topology_rights().configure, name) for name in names)
