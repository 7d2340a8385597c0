"""What the manifests allow servers and proxies is enough for what the services need."""

from __future__ import annotations

import inspect
import re

from herald.database.pool import Database
from herald.providers.registry import offered
from ingress.endpoints import Endpoints
from unit.deploy.compose_file import ROOT

COMPONENTS = ROOT / "deploy" / "k8s" / "components"
MEBIBYTE = 1024 * 1024
# an overlay's own channels have autoscalers, too: room for one, as `examples/own-channel` has it
OWN_CHANNELS = 1
SURGE = 1  # of every workload, in a rollout


def _number(file: str, pattern: str) -> int:
    [found] = re.findall(pattern, (COMPONENTS / file).read_text(), re.MULTILINE)
    return int(found)


def test_postgresql_has_room_for_all_that_the_autoscalers_may_start() -> None:
    """Each router and worker may fill its pool at once, and one more of each in a rollout."""
    each = inspect.signature(Database).parameters["max_connections"].default
    most = r"^  maxReplicaCount: (\d+)$"
    routers = _number("keda/router.yaml", most) + SURGE
    workers = _number("channel-scaling/template/scaling.yaml", most) + SURGE
    scaled = [
        path
        for path in COMPONENTS.glob("keda/*/kustomization.yaml")
        if "channel-scaling" in path.read_text()
    ]
    assert len(scaled) >= 3
    wanted = each * (routers + workers * (len(scaled) + OWN_CHANNELS))
    assert _number("postgresql/cluster.yaml", r'max_connections: "(\d+)"') > wanted


def test_the_proxy_takes_every_body_that_ingress_takes() -> None:
    """What it refuses is lost where a provider does not try again, as a mail with its files."""
    endpoints = Endpoints(())
    largest = max(endpoints.find(name, "any").rules.max_body_bytes for name in offered())
    size = _number("public-ingress/ingress.yaml", r"proxy-body-size: (\d+)m$")
    assert size * MEBIBYTE >= largest
