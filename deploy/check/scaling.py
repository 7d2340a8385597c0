"""What holds of KEDA's ScaledObjects, whose schema leaves a trigger's metadata open."""

from __future__ import annotations

from collections.abc import Iterator

from manifests import Resource, named, of_kind

# Keys of a trigger's metadata: those it must have, and those it may. From the pages of KEDA 2.20 on
# its scalers "RabbitMQ Queue", "Prometheus" and "CPU"; deprecated ones are left out.
REQUIRED = {
    "rabbitmq": {"host", "queueName", "mode", "value"},
    "prometheus": {"serverAddress", "query", "threshold"},
    "cpu": {"value"},
}
OPTIONAL = {
    "rabbitmq": {
        *("protocol", "vhostName", "useRegex", "excludeUnacknowledged", "pageSize", "operation"),
        *("activationValue", "timeout", "unsafeSsl"),
    },
    "prometheus": {
        *("activationThreshold", "namespace", "customHeaders", "ignoreNullValues"),
        *("queryParameters", "timeout", "unsafeSsl"),
    },
    "cpu": {"containerName"},
}
VALUES = {
    ("rabbitmq", "mode"): {
        "QueueLength",
        "MessageRate",
        "DeliverGetRate",
        "PublishedToDeliveredRatio",
    },
    ("rabbitmq", "protocol"): {"auto", "http", "amqp"},
    ("rabbitmq", "operation"): {"sum", "max", "avg"},
}
METRIC_TYPES = {
    "rabbitmq": {"AverageValue", "Value"},
    "prometheus": {"AverageValue", "Value"},
    "cpu": {"Utilization", "AverageValue"},
}


def problems(resources: list[Resource]) -> Iterator[str]:
    """Say what is wrong with the autoscalers of an overlay."""
    there = {(each["kind"], each["metadata"]["name"]) for each in resources}
    for scaled in of_kind(resources, "ScaledObject"):
        name, spec = named(scaled), scaled["spec"]
        target = spec["scaleTargetRef"]
        if (target.get("kind", "Deployment"), target["name"]) not in there:
            yield f"{name}: scales {target['name']}, which is not there"
        if not 0 < spec["minReplicaCount"] < spec["maxReplicaCount"]:
            yield f"{name}: minReplicaCount is not between 1 and maxReplicaCount"
        for trigger in spec["triggers"]:
            yield from (f"{name}: trigger {fault}" for fault in _faults(trigger))
            reference = trigger.get("authenticationRef", {}).get("name")
            if reference and ("TriggerAuthentication", reference) not in there:
                yield f"{name}: there is no TriggerAuthentication {reference}"


def _faults(trigger: Resource) -> Iterator[str]:
    kind, metadata = trigger["type"], trigger["metadata"]
    if kind not in REQUIRED:
        yield f"{kind}: not a type that is known here"
        return
    if missing := REQUIRED[kind] - metadata.keys():
        yield f"{kind}: metadata lacks {', '.join(sorted(missing))}"
    if unknown := metadata.keys() - REQUIRED[kind] - OPTIONAL[kind]:
        yield f"{kind}: metadata has {', '.join(sorted(unknown))}, which KEDA does not know"
    if not all(isinstance(value, str) for value in metadata.values()):
        yield f"{kind}: a value of metadata is not a string"
    if trigger.get("metricType", "AverageValue") not in METRIC_TYPES[kind]:
        yield f"{kind}: its metricType can't be {trigger.get('metricType')}"
    for (of, key), allowed in VALUES.items():
        if kind == of and key in metadata and metadata[key] not in allowed:
            yield f"{kind}: {key} can't be {metadata[key]}"
