"""What holds of all of Herald's manifests, one rule a function: it says what breaks it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from manifests import Resource, named, of_kind, pods

OWNER_AND_GROUP_READ = 0o440
LEAST_REPLICAS = 2
DRAIN_SECONDS = 80  # 40 for requests, 30 for what was taken from the broker, 10 for connections
OURS = 10001
SERVICES = {"router", "ingress", "channel"}  # those that serve, by their label `component`
_IMAGE = re.compile(r"^[a-z0-9./-]+(:[0-9]+/[a-z0-9./-]+)?:(?!latest$)[\w.-]+$")
_VARIABLE = re.compile(r"\$\((\w+)\)")


def confined(resources: list[Resource]) -> Iterator[str]:
    """No root, no capability, no writable root, no token of the API server."""
    for name, _, template in pods(resources):
        spec = template["spec"]
        wanted = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
        yield from _differs(name, "pod", spec.get("securityContext", {}), wanted)
        if _is_ours(template):
            ids = {"runAsUser": OURS, "runAsGroup": OURS, "fsGroup": OURS}
            yield from _differs(name, "pod", spec.get("securityContext", {}), ids)
        if spec.get("automountServiceAccountToken") is not False:
            yield f"{name}: automountServiceAccountToken is not false"
        for container in spec["containers"]:
            wanted = {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            context = container.get("securityContext", {})
            yield from _differs(name, container["name"], context, wanted)


def bounded(resources: list[Resource]) -> Iterator[str]:
    """Each container says what it needs and may use; each emptyDir is bounded."""
    for name, _, template in pods(resources):
        for container in template["spec"]["containers"]:
            for what in ("requests", "limits"):
                given = container.get("resources", {}).get(what, {})
                if missing := {"cpu", "memory"} - given.keys():
                    yield f"{name}: {container['name']} has no {what} of {', '.join(missing)}"
        for volume in template["spec"].get("volumes", []):
            if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
                yield f"{name}: the emptyDir {volume['name']} has no sizeLimit"


def probed(resources: list[Resource]) -> Iterator[str]:
    """Each container that serves has three probes; a service of Herald's those of its routes."""
    routes = {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    for name, workload, template in pods(resources):
        if workload["kind"] == "Job" or _component(template) == "operator":
            continue
        for container in template["spec"]["containers"]:
            for probe, path in routes.items():
                if probe not in container:
                    yield f"{name}: {container['name']} has no {probe}"
                elif _is_ours(template) and container[probe]["httpGet"]["path"] != path:
                    yield f"{name}: its {probe} does not ask {path}"


def pinned(resources: list[Resource]) -> Iterator[str]:
    """Each image has a tag, and none is `latest`."""
    for name, _, template in pods(resources):
        for container in template["spec"]["containers"]:
            if not _IMAGE.match(container["image"]):
                yield f"{name}: the image {container['image']} has no tag, or latest"


def drained(resources: list[Resource]) -> Iterator[str]:
    """A service of Herald's is given the time to finish what it holds."""
    for name, _, template in pods(resources):
        if _component(template) not in SERVICES:
            continue
        container = template["spec"]["containers"][0]
        stop = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        given = template["spec"].get("terminationGracePeriodSeconds", 30)
        if given < DRAIN_SECONDS + stop + 5:
            yield f"{name}: terminationGracePeriodSeconds is {given}, too little for its drain"


def spread(resources: list[Resource]) -> Iterator[str]:
    """Each service of Herald's is spread over nodes and zones, and loses one replica at a time."""
    budgets = [each["spec"] for each in of_kind(resources, "PodDisruptionBudget")]
    for name, _, template in pods(resources):
        if _component(template) not in SERVICES:
            continue
        labels = template["metadata"]["labels"]
        over = {
            each["topologyKey"]
            for each in template["spec"].get("topologySpreadConstraints", [])
            if _selects(each.get("labelSelector"), labels)
        }
        if over != {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}:
            yield f"{name}: spread over {', '.join(sorted(over)) or 'nothing'}"
        if [b.get("maxUnavailable") for b in budgets if _selects(b["selector"], labels)] != [1]:
            yield f"{name}: not exactly one PodDisruptionBudget with maxUnavailable 1"


def selected(resources: list[Resource]) -> Iterator[str]:
    """Each selector of a workload or service matches the pods it is meant for."""
    templates = [template["metadata"]["labels"] for _, _, template in pods(resources)]
    for name, workload, template in pods(resources):
        if workload["kind"] != "Job" and not _selects(
            workload["spec"]["selector"], template["metadata"]["labels"]
        ):
            yield f"{name}: its selector does not match its own pods"
    for service in of_kind(resources, "Service"):
        matched = [
            labels for labels in templates if service["spec"]["selector"].items() <= labels.items()
        ]
        if len(matched) != 1:
            yield f"{named(service)}: selects the pods of {len(matched)} workloads"


def referred(resources: list[Resource]) -> Iterator[str]:
    """Each ConfigMap, Secret, service account and variable that a pod needs is there."""
    there = {(each["kind"], each["metadata"]["name"]) for each in resources}
    there |= {("Secret", name) for kind, name in there if kind == "ExternalSecret"}
    secrets_are_here = any(kind == "Secret" for kind, _ in there)
    for name, _, template in pods(resources):
        for kind, wanted in _references(template["spec"]):
            made_elsewhere = kind == "Secret" and (
                not secrets_are_here or wanted in {"rabbitmq-tls", "postgresql-ca"}
            )
            if (kind, wanted) not in there and not made_elsewhere:
                yield f"{name}: there is no {kind} {wanted}"
        for container in template["spec"]["containers"]:
            yield from _undefined_variables(name, container)


def mounted_closed(resources: list[Resource]) -> Iterator[str]:
    """Secrets are files that others can't read, and none is a variable of the environment."""
    for name, _, template in pods(resources):
        for volume in template["spec"].get("volumes", []):
            source = volume.get("projected", volume.get("secret"))
            if source and volume["name"] != "authorities" and not _is_closed(source):
                yield f"{name}: the volume {volume['name']} is not mounted with 0440"
        for container in template["spec"]["containers"]:
            for variable in container.get("env", []):
                if "secretKeyRef" in variable.get("valueFrom", {}):
                    yield f"{name}: {variable['name']} is a secret in the environment"


def in_production(resources: list[Resource]) -> Iterator[str]:
    """Two replicas at least, by the manifest or by its autoscaler."""
    least = {
        each["spec"]["scaleTargetRef"]["name"]: each["spec"]["minReplicaCount"]
        for each in of_kind(resources, "ScaledObject")
    }
    for _, workload, template in pods(resources):
        if _component(template) not in SERVICES:
            continue
        replicas = workload["spec"].get("replicas", least.get(workload["metadata"]["name"], 1))
        if replicas < LEAST_REPLICAS:
            yield f"{named(workload)}: {replicas} replicas"
        if "replicas" in workload["spec"] and workload["metadata"]["name"] in least:
            yield f"{named(workload)}: says replicas, which its autoscaler decides"


def ahead(resources: list[Resource]) -> Iterator[str]:
    """What a job needs is applied with it, before the services (docs/kubernetes.md, Upgrading)."""
    labels = {
        (each["kind"], each["metadata"]["name"]): each["metadata"].get("labels", {})
        for each in resources
    }
    for name, workload, template in pods(resources):
        if workload["kind"] != "Job":
            continue
        for kind, wanted in sorted(set(_references(template["spec"]))):
            if labels.get((kind, wanted), {}).get("app.kubernetes.io/component") in SERVICES:
                yield f"{name}: {kind} {wanted} is applied with the services, after the job"


RULES = (
    *(confined, bounded, probed, pinned, drained, spread, selected, referred, ahead),
    mounted_closed,
)


def _is_ours(template: Resource) -> bool:
    return template["metadata"]["labels"].get("app.kubernetes.io/part-of") == "herald"


def _is_closed(source: Resource) -> bool:
    return bool(source.get("defaultMode") == OWNER_AND_GROUP_READ)


def _component(template: Resource) -> str | None:
    component: str | None = template["metadata"]["labels"].get("app.kubernetes.io/component")
    return component


def _differs(name: str, part: str, given: Resource, wanted: Resource) -> Iterator[str]:
    for key, value in wanted.items():
        if given.get(key) != value:
            yield f"{name}: {part}: {key} is {given.get(key)!r}, not {value!r}"


def _selects(selector: Resource | None, labels: dict[str, str]) -> bool:
    return bool(selector) and selector.get("matchLabels", {}).items() <= labels.items()


def _references(spec: Resource) -> Iterator[tuple[str, str]]:
    if "serviceAccountName" in spec:
        yield "ServiceAccount", spec["serviceAccountName"]
    for volume in spec.get("volumes", []):
        if "configMap" in volume and not volume["configMap"].get("optional"):
            yield "ConfigMap", volume["configMap"]["name"]
        if "secret" in volume:
            yield "Secret", volume["secret"]["secretName"]
        for source in volume.get("projected", {}).get("sources", []):
            if not source["secret"].get("optional"):
                yield "Secret", source["secret"]["name"]
    for container in spec["containers"]:
        for variable in container.get("env", []):
            if reference := variable.get("valueFrom", {}).get("configMapKeyRef"):
                yield "ConfigMap", reference["name"]


def _undefined_variables(name: str, container: dict[str, Any]) -> Iterator[str]:
    """Name variables that use a later one, or none: Kubernetes leaves `$(X)` as it is then."""
    known: set[str] = set()
    for variable in container.get("env", []):
        for used in _VARIABLE.findall(variable.get("value", "")):
            if used not in known:
                yield f"{name}: {variable['name']} uses $({used}), which is not set before it"
        known.add(variable["name"])
