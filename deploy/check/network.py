"""Who can reach whom, by the NetworkPolicies of an overlay: what may leave and may come in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from manifests import Resource, of_kind, pods

Ports = frozenset[str]
ALL: Ports = frozenset({"all"})
NONE: Ports = frozenset()
NAMESPACE = "ours"


@dataclass(frozen=True)
class Party:
    """A workload of the namespace, pods in another one, or an address outside the cluster."""

    name: str
    labels: dict[str, str] = field(default_factory=dict)
    namespace: str = NAMESPACE
    namespace_labels: dict[str, str] = field(default_factory=dict)
    address: str | None = None

    @property
    def is_ours(self) -> bool:
        return self.namespace == NAMESPACE and self.address is None


def _elsewhere(namespace: str, labels: dict[str, str] | None = None) -> Party:
    known = {"kubernetes.io/metadata.name": namespace}
    return Party(f"({namespace})", labels or {}, namespace, known)


OUTSIDERS = (
    *map(
        _elsewhere,
        ("monitoring", "observability", "ingress-nginx", "gateway-system", "keda", "default"),
    ),
    *map(_elsewhere, ("rabbitmq-system", "cnpg-system")),
    _elsewhere("kube-system", {"k8s-app": "kube-dns"}),
    Party("(tenant)", {}, "shop", {"herald/tenant": "true"}),
    Party("(reader)", {"herald/reads": "true"}),
    Party("(any other pod)", {"app": "other"}),
    Party("(internet)", address="198.51.100.7"),
    Party("(private address)", address="10.1.2.3"),
    Party("(cloud metadata)", address="169.254.169.254"),
    Party("(broker elsewhere)", address="192.0.2.1"),
    Party("(database elsewhere)", address="192.0.2.17"),
)
# pods that operators make
SERVERS = {
    "RabbitmqCluster": {
        "app.kubernetes.io/name": "rabbitmq",
        "app.kubernetes.io/component": "rabbitmq",
    },
    "Cluster": {"cnpg.io/cluster": "postgresql"},
}


def edges(resources: list[Resource]) -> set[str]:
    """Return each connection from or to the namespace that can be made: `who -> whom: ports`."""
    policies = [each["spec"] for each in of_kind(resources, "NetworkPolicy")]
    ours = [
        Party(resource["metadata"]["name"], template["metadata"]["labels"])
        for _, resource, template in pods(resources)
    ]
    ours += [
        Party(each["metadata"]["name"], SERVERS[each["kind"]])
        for each in of_kind(resources, *SERVERS)
    ]
    found = set()
    for here in (*ours, *OUTSIDERS):
        for there in (*ours, *OUTSIDERS):
            if here in OUTSIDERS and there in OUTSIDERS:
                continue
            out = _allowed(policies, here, "egress", there)
            ports = _both(out, _allowed(policies, there, "ingress", here))
            if ports:
                found.add(f"{here.name} -> {there.name}: {' '.join(sorted(ports, key=_number))}")
    return found


def _allowed(policies: list[Any], party: Party, direction: str, peer: Party) -> Ports:
    """Return the ports that policies let a party use; what is not ours is not held by any."""
    kind = direction.capitalize()
    holding = [
        each
        for each in policies
        if party.is_ours
        and kind in each["policyTypes"]
        and _selects(each["podSelector"], party.labels)
    ]
    if not holding:
        return ALL
    end = "to" if direction == "egress" else "from"
    found: set[str] = set()
    for policy in holding:
        for rule in policy.get(direction, []):
            if end not in rule or any(_is_peer(each, peer) for each in rule[end]):
                found |= _ports(rule.get("ports"))
    return frozenset(found)


def _both(left: Ports, right: Ports) -> Ports:
    if left == ALL:
        return right
    return left if right == ALL else left & right


def _ports(ports: Iterable[dict[str, Any]] | None) -> Ports:
    if ports is None:
        return ALL
    return frozenset(f"{each['port']}{_end(each)}{_protocol(each)}" for each in ports)


def _end(port: dict[str, Any]) -> str:
    return f"-{port['endPort']}" if "endPort" in port else ""


def _protocol(port: dict[str, Any]) -> str:
    return "" if port.get("protocol", "TCP") == "TCP" else f"/{port['protocol']}"


def _number(port: str) -> tuple[int, str]:
    return int("".join(filter(str.isdigit, port.partition("-")[0].partition("/")[0])) or 0), port


def _is_peer(rule: dict[str, Any], peer: Party) -> bool:
    if "ipBlock" in rule:
        return peer.address is not None and _is_in(peer.address, rule["ipBlock"])
    if peer.address is not None:
        return False
    if "namespaceSelector" in rule:
        is_there = _selects(rule["namespaceSelector"], peer.namespace_labels)
    else:
        is_there = peer.namespace == NAMESPACE
    return is_there and _selects(rule.get("podSelector", {}), peer.labels)


def _is_in(address: str, block: dict[str, Any]) -> bool:
    network = ip_network(block["cidr"])
    excepted = map(ip_network, block.get("except", []))
    return ip_address(address) in network and not any(
        ip_address(address) in each for each in excepted
    )


def _selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    if not selector.get("matchLabels", {}).items() <= labels.items():
        return False
    for expression in selector.get("matchExpressions", []):
        is_in = labels.get(expression["key"]) in expression["values"]
        if is_in != (expression["operator"] == "In"):
            return False
    return True
