"""What Prometheus scrapes of a stack, under the job names that rules and dashboards go by."""

from __future__ import annotations

from deploy.prometheus_server import Job
from herald_local.rabbitmq_node import RabbitmqNode
from herald_local.services import NAMES
from herald_local.stack import Stack

QUEUE_FAMILIES = ("queue_coarse_metrics", "queue_consumer_count", "ra_metrics")


def jobs_of(stack: Stack, node: RabbitmqNode) -> list[Job]:
    """Return a job for each service of a stack, and two for its private broker."""
    herald = [
        Job(name=f"herald-{name}", targets=[f"127.0.0.1:{stack.operations_port(name)}"])
        for name in NAMES
    ]
    broker, families = [node.metrics_address], {"family": QUEUE_FAMILIES}
    return [
        *herald,
        Job(name="rabbitmq", targets=broker),
        Job(name="rabbitmq-queues", targets=broker, path="/metrics/detailed", params=families),
    ]
