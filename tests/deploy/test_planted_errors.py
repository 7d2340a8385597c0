"""`deploy/check/run` fails on what is wrong, and names it: wrong fields are planted in copies."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(600)

ROOT = Path(__file__).parents[2]


def check(*names: str, **environment: str) -> tuple[int, str]:
    """Run some checks on copies; return the exit code and what was printed."""
    done = subprocess.run(
        [ROOT / "deploy/check/run", *names],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def copied(part: str, folder: Path) -> Path:
    """Copy a part of deploy/ to where something can be planted in it."""
    shutil.copytree(ROOT / "deploy" / part, folder / part)
    if part == "k8s":  # the manifests take the dashboards from where they are
        dashboards = Path("grafana/dashboards")
        shutil.copytree(ROOT / "deploy" / dashboards, folder / dashboards)
    return folder / part


def plant(file: Path, right: str, wrong: str) -> None:
    """Write something wrong in the place of what is right."""
    text = file.read_text()
    assert right in text, f"{file} has no {right!r}"
    file.write_text(text.replace(right, wrong, 1))


def test_a_wrong_field_in_a_manifest_fails(tmp_path: Path) -> None:
    """Whichever schema a kind is held to, an unknown field is refused with its path."""
    folder = copied("k8s", tmp_path)
    planted = {
        "base/router.yaml": ("  strategy:", "  strategi:", "Deployment/router: spec", "strategi"),
        "components/keda/router.yaml": (
            "minReplicaCount",
            "minReplicas",
            "ScaledObject/router: spec",
            "minReplicas",
        ),
        "components/monitoring/services.yaml": (
            "scrapeTimeout",
            "scrapeTimeouts",
            "PodMonitor/herald: spec.podMetricsEndpoints.0",
            "scrapeTimeouts",
        ),
        "components/rabbitmq-cluster/cluster.yaml": (
            "  replicas: 3",
            "  replicaCount: 3",
            "RabbitmqCluster/rabbitmq: spec",
            "replicaCount",
        ),
        "components/postgresql/cluster.yaml": (
            "walStorage",
            "walVolume",
            "Cluster/postgresql: spec",
            "walVolume",
        ),
    }
    for name, (right, wrong, _, _) in planted.items():
        plant(folder / name, right, wrong)
    code, said = check("12-schemas", DEPLOY_K8S=str(folder))
    assert code == 1
    for _, _, place, word in planted.values():
        assert any(f"production: {place}" in line and word in line for line in said.splitlines())


def test_what_policies_forbid_fails(tmp_path: Path) -> None:
    """An open pod, a connection nobody listed, a key that KEDA does not know: each is named."""
    folder = copied("k8s", tmp_path)
    pod = folder / "components/pod/pod.yaml"
    plant(pod, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false")
    plant(folder / "overlays/production/kustomization.yaml", "newTag: 0.2.0", "newTag: latest")
    plant(folder / "components/pod/probes.yaml", "PeriodSeconds: 90", "PeriodSeconds: 30")
    plant(folder / "base/network/providers.yaml", "component: channel", "component: router")
    labels = "app.kubernetes.io/name: migration, app.kubernetes.io/component: "
    account = f"kind: ServiceAccount\nmetadata:\n  name: migration\n  labels: {{{labels}"
    plant(folder / "base/jobs.yaml", f"{account}job", f"{account}router")
    plant(folder / "components/keda/router.yaml", "vhostName: herald", "vhost: herald")
    code, said = check("13-policy", "14-network", "15-scaling", DEPLOY_K8S=str(folder))
    assert code == 1
    for wanted in (
        "production: StatefulSet/ingress: herald: readOnlyRootFilesystem is False",
        "production: Deployment/router: the image herald-router:latest has no tag, or latest",
        "production: Deployment/router: terminationGracePeriodSeconds is 30",
        "production: Job/migration: ServiceAccount migration is applied with the services",
        "production: allowed, and not in the table: router -> (internet): 443",
        "production: in the table, and not allowed: channel-sms -> (internet): 443",
        "production: ScaledObject/router: trigger rabbitmq: metadata has vhost",
    ):
        assert wanted in said


def test_a_wrong_field_in_a_rule_fails(tmp_path: Path) -> None:
    """Prometheus's own tool refuses it and names the file."""
    folder = copied("prometheus", tmp_path)
    rules = min(folder.glob("rules/*.yml"))
    plant(rules, "expr:", "expression:")
    code, said = check("30-prometheus", DEPLOY_PROMETHEUS=str(folder))
    assert code == 1
    assert rules.name in said
    assert "expression" in said


def test_a_wrong_field_in_a_panel_fails(tmp_path: Path) -> None:
    """A dashboard that is not what the code writes is named."""
    folder = copied("grafana", tmp_path)
    path = min(folder.glob("dashboards/*.json"))
    dashboard = json.loads(path.read_text())
    dashboard["panels"][0]["wrongField"] = True
    path.write_text(json.dumps(dashboard))
    code, said = check("40-grafana", DEPLOY_GRAFANA=str(folder))
    assert code == 1
    assert path.name in said
