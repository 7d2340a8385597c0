#!/usr/bin/env python3
"""Writes what the manifests repeat of the code and of deploy/prometheus, or compares it.

`deploy/k8s/generate.py --write`, or without it: exit 1 when a file is not as it should be.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml

from herald.contracts.rights import (
    Rights,
    channel_rights,
    ingress_rights,
    operator_rights,
    router_rights,
    topology_rights,
)

HERE = Path(__file__).parent
RULES = HERE.parent / "prometheus" / "rules"
DASHBOARDS = HERE.parent / "grafana" / "dashboards"
VHOST = "herald"
USERS = {
    "router": router_rights(),
    "ingress": ingress_rights(),
    "whatsapp": channel_rights("whatsapp"),
    "sms": channel_rights("sms"),
    "email": channel_rights("email"),
    "topology": topology_rights(),
    "operator": operator_rights(),
    "scaling": Rights(tags=("monitoring",)),  # KEDA's, which looks at queues
}
# of the development overlay: the others', and channels that are its own
DEVELOPMENT = tomllib.loads((HERE / "overlays/dev/herald.toml").read_text())["services"]
NOTE = "# Written by deploy/k8s/generate.py: change what it reads.\n"
SALT = bytes(4)  # the passwords of the development servers are known to everybody


def main() -> int:
    """Write or check every file."""
    wanted = {
        HERE / "components/rabbitmq-cluster/users.yaml": _documents(_users(USERS)),
        HERE / "components/rabbitmq-cluster/rights.yaml": _documents(_rights(USERS)),
        HERE / "examples/own-channel/push/broker.yaml": _own_channel("push"),
        HERE / "components/monitoring/rules.yaml": _rules(),
        HERE / "components/dev-servers/definitions.json": _definitions(),
        DASHBOARDS / "kustomization.yaml": _dashboards(),
    }
    if "--write" in sys.argv[1:]:
        for path, text in wanted.items():
            path.write_text(text)
        return 0
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    for path in stale:
        print(f"{path.relative_to(HERE.parents[1])} is out of date: deploy/k8s/generate.py --write")  # noqa: T201
    return 1 if stale else 0


def _rights(users: dict[str, Rights]) -> list[dict[str, Any]]:
    """Return the rights of each user, in the kinds of RabbitMQ's messaging topology operator."""
    resources = []
    for user, rights in users.items():
        resources.append(_permission("Permission", user, user, _patterns(rights)))
        for topic in rights.topics:
            name = f"{user}-{topic.exchange.replace('.', '-')}"
            permissions = {"exchange": topic.exchange, "write": topic.write, "read": topic.read}
            resources.append(_permission("TopicPermission", name, user, permissions))
    return resources


def _own_channel(name: str) -> str:
    """Return the user of a channel that the component `rabbitmq-cluster` does not know."""
    users = {name: channel_rights(name)}
    return _documents([*_users(users), *_rights(users)])


def _users(users: dict[str, Rights]) -> list[dict[str, Any]]:
    """Return the users; each one's name and password are those of the Secret broker-<name>."""
    return [
        {
            "apiVersion": "rabbitmq.com/v1beta1",
            "kind": "User",
            "metadata": {"name": name},
            "spec": {
                "tags": list(rights.tags),
                "importCredentialsSecret": {"name": f"broker-{name}"},
                "rabbitmqClusterReference": {"name": "rabbitmq"},
            },
        }
        for name, rights in users.items()
    ]


def _patterns(rights: Rights) -> dict[str, str]:
    return {"configure": rights.configure, "write": rights.write, "read": rights.read}


def _permission(kind: str, name: str, user: str, permissions: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "rabbitmq.com/v1beta1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {
            "vhost": VHOST,
            "userReference": {"name": user},
            "permissions": permissions,
            "rabbitmqClusterReference": {"name": "rabbitmq"},
        },
    }


def _rules() -> str:
    """Return Prometheus's rules, a PrometheusRule for each file."""
    return _documents(
        [
            {
                "apiVersion": "monitoring.coreos.com/v1",
                "kind": "PrometheusRule",
                "metadata": {"name": f"herald-{path.stem.replace('_', '-')}"},
                "spec": yaml.safe_load(path.read_text()),
            }
            for path in sorted(RULES.glob("*.yml"))
        ]
    )


def _dashboards() -> str:
    """Return a ConfigMap for each dashboard, with the label that Grafana's sidecar looks for."""
    names = sorted(path.stem for path in DASHBOARDS.glob("*.json"))
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "generatorOptions": {
            "disableNameSuffixHash": True,
            "labels": {"grafana_dashboard": "1"},
        },
        "configMapGenerator": [
            {"name": f"dashboard-{name}", "files": [f"{name}.json"]} for name in names
        ],
    }
    return _documents([kustomization])


def _documents(resources: list[dict[str, Any]]) -> str:
    return NOTE + yaml.safe_dump_all(resources, sort_keys=False, width=1000)


def _definitions() -> str:
    """Return users and rights as one RabbitMQ node loads them at its start."""
    users = {**{name: channel_rights(name) for name in DEVELOPMENT["channels"]}, **USERS}
    topics = [(user, topic) for user, rights in users.items() for topic in rights.topics]
    document = {
        "vhosts": [{"name": VHOST}],
        "users": [
            {
                "name": f"herald-{user}",
                "password_hash": _password_hash(f"dev-{user}"),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": list(rights.tags),
            }
            for user, rights in users.items()
        ],
        "permissions": [
            {"user": f"herald-{user}", "vhost": VHOST, **_patterns(rights)}
            for user, rights in users.items()
        ],
        "topic_permissions": [
            {
                "user": f"herald-{user}",
                "vhost": VHOST,
                "exchange": topic.exchange,
                "write": topic.write,
                "read": topic.read,
            }
            for user, topic in topics
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _password_hash(password: str) -> str:
    """Hash a password as RabbitMQ keeps it: salt, then SHA-256 of salt and password."""
    digest = hashlib.sha256(SALT + password.encode()).digest()
    return base64.b64encode(SALT + digest).decode()


if __name__ == "__main__":
    sys.exit(main())
