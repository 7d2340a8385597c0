"""How a broker differs from the topology: the values that `herald topology check` prints. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from herald.contracts.bus_entities import Binding, Topology

Kind = Literal["exchange", "queue", "binding", "policy", "user", "permission", "topic permission"]
Difference = Literal["missing", "differs", "unexpected"]

_Rows = Sequence[Mapping[str, Any]]
_Properties = dict[str, Any]
_POLICY_FIELDS = ("pattern", "definition", "priority", "apply-to")


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference between what must be there and what is."""

    kind: Kind
    name: str
    difference: Difference
    detail: str = ""  # what was expected and what was found

    def __str__(self) -> str:
        text = f"{self.kind} {self.name}: {self.difference}"
        return f"{text} ({self.detail})" if self.detail else text


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a broker differs from the topology, and what could not be seen of it."""

    differences: tuple[Drift, ...]
    unseen: tuple[str, ...] = ()


def compare(
    topology: Topology, *, exchanges: _Rows, queues: _Rows, bindings: _Rows, policies: _Rows
) -> list[Drift]:
    """Compare with what the management API lists of a virtual host.

    What the topology does not name (users' queues, other policies) is nobody's business here.
    """
    return [
        *_compare("exchange", _wanted_exchanges(topology), _found(exchanges, "type", "durable")),
        *_compare("queue", _wanted_queues(topology), _found(queues, "durable")),
        *_compare_bindings(topology, bindings),
        *_compare("policy", _wanted_policies(topology), _found(policies, *_POLICY_FIELDS)),
    ]


def _wanted_exchanges(topology: Topology) -> dict[str, _Properties]:
    return {
        e.name: {"type": e.kind, "durable": True, "arguments": e.arguments}
        for e in topology.exchanges
    }


def _wanted_queues(topology: Topology) -> dict[str, _Properties]:
    return {q.name: {"durable": True, "arguments": q.arguments} for q in topology.queues}


def _wanted_policies(topology: Topology) -> dict[str, _Properties]:
    return {
        p.name: {
            "pattern": p.pattern,
            "definition": dict(p.definition),
            "priority": p.priority,
            "apply-to": "queues",
        }
        for p in topology.policies
    }


def _found(rows: _Rows, *fields: str) -> dict[str, _Properties]:
    """Keep of each row what the topology has an opinion on."""
    return {
        row["name"]: {name: row.get(name) for name in (*fields, "arguments") if name in row}
        for row in rows
    }


def _compare(
    kind: Kind, wanted: Mapping[str, _Properties], found: Mapping[str, _Properties]
) -> list[Drift]:
    drifts: list[Drift] = []
    for name, properties in wanted.items():
        if name not in found:
            drifts.append(Drift(kind, name, "missing"))
        elif found[name] != properties:
            drifts.append(Drift(kind, name, "differs", _differences(properties, found[name])))
    return drifts


def _differences(wanted: _Properties, found: _Properties) -> str:
    flat_wanted, flat_found = _flat(wanted), _flat(found)
    return ", ".join(
        f"{name}: expected {flat_wanted.get(name)!r}, found {flat_found.get(name)!r}"
        for name in sorted(flat_wanted.keys() | flat_found.keys())
        if flat_wanted.get(name) != flat_found.get(name)
    )


def _flat(properties: _Properties) -> _Properties:
    nested = {k: v for p in properties.values() if isinstance(p, dict) for k, v in p.items()}
    return nested | {k: v for k, v in properties.items() if not isinstance(v, dict)}


def _compare_bindings(topology: Topology, rows: _Rows) -> list[Drift]:
    """Compare bindings of our queues; every queue's own to the default exchange is no drift."""
    ours = {queue.name for queue in topology.queues}
    found = {
        Binding(row["source"], row["routing_key"], row["destination"])
        for row in rows
        if row["source"] and row["destination_type"] == "queue" and row["destination"] in ours
    }
    wanted = set(topology.bindings)
    return [
        *(Drift("binding", _name(b), "missing") for b in sorted(wanted - found)),
        *(Drift("binding", _name(b), "unexpected") for b in sorted(found - wanted)),
    ]


def _name(binding: Binding) -> str:
    return f"{binding.exchange} -[{binding.routing_key}]-> {binding.queue}"
