"""RabbitMQ by its own metrics, and PostgreSQL as Herald sees it."""

from __future__ import annotations

from herald_dashboards import variables
from herald_dashboards.levels import bad_from
from herald_dashboards.page import Group, Page
from herald_dashboards.panels import Panel, Query, figure, lines, states
from herald_dashboards.quantiles import quantiles

BROKER = 'job="rabbitmq"'
QUEUES = 'job="rabbitmq-queues"'
OWN = 'queue=~"router[.].*|outbound[.].*|herald[.].*"'
OTHERS = 'queue!~"router[.].*|outbound[.].*|herald[.].*"'
RATE = "[$__rate_interval]"


def page() -> Page:
    """Return the dashboard."""
    return Page(
        uid="herald-servers",
        title="Broker and database",
        says="RabbitMQ by its own metrics, PostgreSQL as Herald sees it.",
        choices=(variables.queue(),),
        groups=(
            Group("Broker", _broker()),
            Group("Queues", _queues()),
            Group("Messages through the broker", _messages()),
            Group("Limits of the broker", _limits()),
            Group("Database, as Herald sees it", (*_database(), *_rows())),
        ),
    )


def _broker() -> tuple[Panel, ...]:
    alarms = (
        f"max(rabbitmq_alarms_memory_used_watermark{{{BROKER}}})"
        f" + max(rabbitmq_alarms_free_disk_space_watermark{{{BROKER}}})"
        f" + max(rabbitmq_alarms_file_descriptor_limit{{{BROKER}}})"
    )
    return (
        figure(
            "Nodes",
            "Nodes of RabbitMQ that answer.",
            Query(f"sum(up{{{BROKER}}})", "nodes"),
            unit="short",
            runbooks=("HeraldBrokerNodeDown",),
        ),
        figure(
            "Alarms",
            "Alarms of memory, disk and descriptors. While one holds, the broker takes nothing from"
            " publishers: Herald's outbox and spool fill.",
            Query(alarms, "alarms"),
            unit="short",
            levels=bad_from(1),
            runbooks=("HeraldBrokerAlarm",),
        ),
        figure(
            "Connections",
            "AMQP connections, Herald's and its users'.",
            Query(f"sum(rabbitmq_connections{{{BROKER}}})", "connections"),
            unit="short",
        ),
        figure(
            "Consumers",
            "Consumers of all queues.",
            Query(f"sum(rabbitmq_consumers{{{BROKER}}})", "consumers"),
            unit="short",
        ),
        figure(
            "Messages ready",
            "Messages in all queues that wait for a consumer, on whatever virtual host.",
            Query(f"sum(rabbitmq_queue_messages_ready{{{BROKER}}})", "ready"),
            unit="short",
        ),
        figure(
            "Messages not acknowledged",
            "Messages delivered and not yet settled.",
            Query(f"sum(rabbitmq_queue_messages_unacked{{{BROKER}}})", "not acknowledged"),
            unit="short",
        ),
    )


def _queues() -> tuple[Panel, ...]:
    ready, unsettled = (
        "rabbitmq_detailed_queue_messages_ready",
        "rabbitmq_detailed_queue_messages_unacked",
    )
    return (
        lines(
            "Ready in Herald's queues",
            "Messages that wait for a consumer, by queue.",
            Query(f"sum by (queue) ({ready}{{{QUEUES}, {OWN}}})", "{{queue}}"),
            unit="short",
            runbooks=("HeraldQueueGrowing",),
        ),
        lines(
            "Not acknowledged in Herald's queues",
            "Messages delivered to a service and not yet settled, by queue. Each consumer takes at"
            " most its prefetch.",
            Query(f"sum by (queue) ({unsettled}{{{QUEUES}, {OWN}}})", "{{queue}}"),
            unit="short",
        ),
        lines(
            "Longest queues of users",
            "Messages in the ten longest queues that are not Herald's own: a user who reads too"
            " slowly. A policy drops the oldest events.",
            Query(f"topk(10, sum by (queue) ({ready}{{{QUEUES}, {OTHERS}}}))", "{{queue}}"),
            unit="short",
            width=8,
        ),
        lines(
            "Queues of Herald without a consumer",
            "1 where nobody consumes a queue.",
            Query(
                f"sum by (queue) (rabbitmq_detailed_queue_consumers{{{QUEUES}, {OWN}}}) == bool 0",
                "{{queue}}",
            ),
            unit="short",
            width=8,
            top=1,
            runbooks=("HeraldQueueWithoutConsumer",),
        ),
        lines(
            "Waiting in a queue, as Herald's services see it",
            "From publishing to the handler: 99 of 100 waited less.",
            *quantiles("herald_queue_delay_seconds", 'queue=~"$queue"', by="queue", shares=(0.99,)),
            unit="s",
            width=8,
        ),
    )


def _messages() -> tuple[Panel, ...]:
    def rate(name: str) -> str:
        return f"sum(rate(rabbitmq_global_messages_{name}_total{{{BROKER}}}{RATE}))"

    return (
        lines(
            "In and out",
            "Messages per second that publishers sent, that were confirmed to them, delivered to"
            " consumers, and acknowledged by them.",
            Query(rate("received"), "received"),
            Query(rate("confirmed"), "confirmed"),
            Query(rate("delivered"), "delivered"),
            Query(rate("acknowledged"), "acknowledged"),
            unit="mps",
        ),
        lines(
            "Delivered again, and nowhere to go",
            "Messages per second delivered a second time, and messages without a queue: returned to"
            " their publisher, or dropped (a public event nobody listens to).",
            Query(rate("redelivered"), "delivered again"),
            Query(rate("unroutable_returned"), "returned"),
            Query(rate("unroutable_dropped"), "dropped"),
            unit="mps",
            width=6,
        ),
        lines(
            "Published by Herald, not confirmed",
            "Messages per second that the broker did not confirm to a service, by what happened.",
            Query(
                'sum by (job, outcome) (rate(herald_published_total{outcome!="confirmed"}'
                f"{RATE})) or vector(0)",
                "{{job}}: {{outcome}}",
            ),
            unit="mps",
            width=6,
            runbooks=("HeraldPublishingFails",),
        ),
    )


def _limits() -> tuple[Panel, ...]:
    def share(used: str, limit: str) -> str:
        return f"{used}{{{BROKER}}} / {limit}{{{BROKER}}}"

    return (
        lines(
            "Memory",
            "Share of the memory limit that each node uses; at the limit the broker takes nothing"
            " from publishers.",
            Query(
                share(
                    "rabbitmq_process_resident_memory_bytes", "rabbitmq_resident_memory_limit_bytes"
                ),
                "{{instance}}",
            ),
            unit="percentunit",
            levels=bad_from(0.8, orange=0.7),
            width=8,
            runbooks=("HeraldBrokerMemoryHigh",),
        ),
        lines(
            "Disk",
            "Free bytes of each node, and the limit under which the broker takes nothing from"
            " publishers.",
            Query(f"rabbitmq_disk_space_available_bytes{{{BROKER}}}", "{{instance}}: free"),
            Query(f"rabbitmq_disk_space_available_limit_bytes{{{BROKER}}}", "{{instance}}: limit"),
            unit="bytes",
            width=8,
            runbooks=("HeraldBrokerDiskLow",),
        ),
        lines(
            "Descriptors",
            "Share of the file descriptors that each node uses.",
            Query(share("rabbitmq_process_open_fds", "rabbitmq_process_max_fds"), "{{instance}}"),
            unit="percentunit",
            levels=bad_from(0.9, orange=0.7),
            width=8,
        ),
    )


def _database() -> tuple[Panel, ...]:
    return (
        states(
            "Database reached",
            "Whether every replica of a service has a working connection to PostgreSQL.",
            Query('min by (job) (herald_ready{check="database"})', "{{job}}"),
            good="reached",
            bad="away",
            width=8,
            runbooks=("HeraldDatabaseAway", "HeraldSchemaWrong"),
        ),
        lines(
            "Transactions of the router",
            "To handle a batch: mostly one transaction on PostgreSQL. A slow database shows here"
            " first.",
            *quantiles(
                "herald_batch_seconds",
                'job="herald-router", queue=~"$queue"',
                by="job",
                shares=(0.5, 0.95, 0.99),
            ),
            unit="s",
            levels=bad_from(5),
            width=8,
        ),
        lines(
            "Outbox",
            "Age of the oldest committed transaction whose messages are not confirmed: it grows"
            " when the broker is away, and when the database is slow to delete.",
            Query("max(herald_outbox_age_seconds)", "oldest row"),
            unit="s",
            levels=bad_from(60, orange=15),
            width=8,
            runbooks=("HeraldOutboxOld",),
        ),
    )


def _rows() -> tuple[Panel, ...]:
    return (
        lines(
            "Open messages",
            "Messages without an outcome: the rows that the router reads and writes again.",
            Query("max(herald_messages_open)", "open"),
            unit="short",
            width=8,
        ),
        lines(
            "Rows deleted because of their age",
            "Rows deleted or emptied per second, by table: docs/retention.md.",
            Query(f"sum by (table) (rate(herald_retention_deleted_total{RATE}))", "{{table}}"),
            unit="rowsps",
            width=8,
        ),
        lines(
            "Age of the figures from the database",
            "How old the counts of open messages, waiting work and unknown attempts are.",
            Query("min(herald_backlog_measured_age_seconds)", "age"),
            unit="s",
            levels=bad_from(120, orange=60),
            width=8,
        ),
    )
