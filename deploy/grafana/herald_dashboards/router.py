"""What goes on inside the router: batches, the outbox, timers, the judging of silence."""

from __future__ import annotations

from herald_dashboards import variables
from herald_dashboards.levels import bad_from
from herald_dashboards.page import Group, Page
from herald_dashboards.panels import Panel, Query, lines
from herald_dashboards.quantiles import quantiles

JOB = 'job="herald-router"'
QUEUE = f'{JOB}, queue=~"$queue"'
RATE = "[$__rate_interval]"


def page() -> Page:
    """Return the dashboard."""
    return Page(
        uid="herald-router",
        title="Router",
        says="Inside the router: batches, the outbox, timers, the judging of silence.",
        choices=(variables.queue(), variables.lane()),
        groups=(
            Group("Batches", (*_batches(), *_unsettled())),
            Group("Outbox and events", _outbox()),
            Group("Clocks", _clocks()),
            Group("What could not be handled", _refused()),
            Group("Housekeeping and processes", _processes()),
        ),
    )


def _batches() -> tuple[Panel, ...]:
    return (
        lines(
            "Deliveries",
            "Deliveries settled per second, by queue.",
            Query(f"sum by (queue) (rate(herald_deliveries_total{{{QUEUE}}}{RATE}))", "{{queue}}"),
            unit="mps",
            stacked=True,
        ),
        lines(
            "Time of a batch",
            "To handle a batch and settle it: reading, deciding, one transaction, retries.",
            *quantiles("herald_batch_seconds", QUEUE, by="queue", shares=(0.5, 0.99)),
            unit="s",
            levels=bad_from(5),
        ),
        lines(
            "Deliveries in a batch",
            "Mean number of deliveries handled together: it grows with the load.",
            Query(
                f"sum by (queue) (rate(herald_batch_size_sum{{{QUEUE}}}{RATE}))"
                f" / sum by (queue) (rate(herald_batch_size_count{{{QUEUE}}}{RATE}))",
                "{{queue}}",
            ),
            unit="short",
            width=8,
        ),
        lines(
            "Waiting in memory",
            "Deliveries received from the broker and not yet handled.",
            Query(f"sum by (queue) (herald_batch_buffered{{{QUEUE}}})", "{{queue}}"),
            unit="short",
            width=8,
        ),
        lines(
            "Waiting in a queue",
            "From publishing to the handler: 95 of 100 waited less.",
            *quantiles("herald_queue_delay_seconds", QUEUE, by="queue", shares=(0.95,)),
            unit="s",
            width=8,
            runbooks=("HeraldQueueDelay",),
        ),
    )


def _unsettled() -> tuple[Panel, ...]:
    return (
        lines(
            "Batches tried again, deliveries counted against",
            "Batches on which a handler raised (broker or database away, or a bug), and deliveries"
            " that came a second time. Per second.",
            Query(
                f"sum by (queue) (rate(herald_batch_failures_total{{{QUEUE}}}{RATE}))",
                "{{queue}}: tried again",
            ),
            Query(
                f"sum by (queue) (rate(herald_redeliveries_total{{{QUEUE}}}{RATE}))",
                "{{queue}}: redelivered",
            ),
            unit="mps",
            runbooks=("HeraldBatchesFail",),
        ),
        lines(
            "Deliveries not acknowledged",
            "Deliveries rejected, which become dead letters, and lost with their channel, which"
            " come again. Per second.",
            Query(
                "sum by (queue, result)"
                f' (rate(herald_deliveries_total{{{QUEUE}, result!="acked"}}{RATE}))',
                "{{queue}}: {{result}}",
            ),
            unit="mps",
        ),
    )


def _outbox() -> tuple[Panel, ...]:
    return (
        lines(
            "Outbox: age of the oldest row",
            "How long the oldest committed transaction has waited for its messages to be"
            " confirmed. Seen by every router.",
            Query("max(herald_outbox_age_seconds)", "oldest row"),
            unit="s",
            levels=bad_from(60, orange=15),
            width=8,
            runbooks=("HeraldOutboxOld",),
        ),
        lines(
            "Outbox: rows",
            "Transactions whose messages are not all confirmed.",
            Query("max(herald_outbox_rows)", "rows"),
            unit="short",
            width=8,
        ),
        lines(
            "Outbox: rows taken over",
            "Rows published by the sweeper because their router ended or hung, per second.",
            Query(f"sum by (instance) (rate(herald_outbox_swept_total{RATE}))", "{{instance}}"),
            unit="rowsps",
            width=8,
        ),
        lines(
            "Published",
            "Messages published by the routers per second, by exchange and what became of them.",
            Query(
                f"sum by (exchange, outcome) (rate(herald_published_total{{{JOB}}}{RATE}))",
                "{{exchange}}: {{outcome}}",
            ),
            unit="mps",
            stacked=True,
            runbooks=("HeraldPublishingFails",),
        ),
        lines(
            "Public events not taken",
            "Public events that a user's full queue refused, and those given up because a queue"
            " took nothing for a day. Per second.",
            Query(f"sum(rate(herald_events_nacked_total{RATE}))", "refused"),
            Query(f"sum(rate(herald_events_given_up_total{RATE}))", "given up"),
            unit="mps",
            runbooks=("HeraldEventsLost",),
        ),
    )


def _clocks() -> tuple[Panel, ...]:
    return (
        lines(
            "How late timers fire",
            "How late the last deadline was acted on, by router.",
            Query("herald_timer_lag_seconds", "{{instance}}"),
            unit="s",
            levels=bad_from(30, orange=5),
            width=8,
            runbooks=("HeraldTimersLate",),
        ),
        lines(
            "How far behind silence is judged",
            "Deadlines of silence younger than this wait: somebody's receipts may still be unread."
            " It grows while a router, the broker or every ingress is away.",
            Query("max(herald_silence_lag_seconds)", "silence"),
            unit="s",
            levels=bad_from(120, orange=30),
            width=8,
            runbooks=("HeraldSilenceHeld",),
        ),
        lines(
            "How far behind receipts are",
            "How far behind now all receipts of a lane are handled, by the slowest router.",
            Query('max by (lane) (herald_receipts_lag_seconds{lane=~"$lane"})', "{{lane}}"),
            unit="s",
            levels=bad_from(60, orange=15),
            width=8,
            runbooks=("HeraldReceiptsBehind",),
        ),
        lines(
            "Deadlines acted on",
            "Timers that fired per second, by kind.",
            Query(f"sum by (kind) (rate(herald_timers_total{RATE}))", "{{kind}}"),
            unit="mps",
            stacked=True,
        ),
        lines(
            "Attempts asked back",
            "Withdrawals per second: won (no call is made) or lost (the worker had started).",
            Query(f"sum by (answer) (rate(herald_withdrawals_total{RATE}))", "{{answer}}"),
            unit="mps",
            stacked=True,
        ),
    )


def _refused() -> tuple[Panel, ...]:
    return (
        lines(
            "Dead letters",
            "New dead letters per second, by the queues they come from: `commands` are refused"
            " ones. `herald dlq list` shows them.",
            Query(f"sum by (queue) (rate(herald_dead_letters_total{RATE}))", "{{queue}}"),
            unit="mps",
            stacked=True,
            runbooks=("HeraldDeadLetters", "HeraldCommandsRejected"),
        ),
        lines(
            "Reports from the wrong broker user",
            "Receipts and pulses per second from a broker user that may not report them, by what"
            " they said they were.",
            Query(f"sum by (source) (rate(herald_reports_refused_total{RATE}))", "{{source}}"),
            unit="mps",
            width=6,
            runbooks=("HeraldReportsRefused",),
        ),
        lines(
            "Handled after the delivery limit",
            "Commands and receipts handled per second although the broker had given them up.",
            Query(f"sum(rate(herald_handled_after_limit_total{RATE})) or vector(0)", "handled"),
            unit="mps",
            width=6,
            runbooks=("HeraldDeliveryLimitReached",),
        ),
    )


def _processes() -> tuple[Panel, ...]:
    return (
        lines(
            "Rows deleted because of their age",
            "Rows deleted or emptied per second, by table: docs/retention.md.",
            Query(f"sum by (table) (rate(herald_retention_deleted_total{RATE}))", "{{table}}"),
            unit="rowsps",
            width=6,
        ),
        lines(
            "Requests refused by the read API",
            "Per second, by the reason.",
            Query(f"sum by (reason) (rate(herald_reads_refused_total{RATE}))", "{{reason}}"),
            unit="reqps",
            width=6,
            runbooks=("HeraldReadsRefused",),
        ),
        lines(
            "Event loop",
            "How much later than asked the loop of each router woke a sleeper, last measured.",
            Query(f"herald_loop_lag_latest_seconds{{{JOB}}}", "{{instance}}"),
            unit="s",
            levels=bad_from(0.25),
            width=6,
            runbooks=("HeraldLoopLag",),
        ),
        lines(
            "Processor",
            "Cores used by each router, of the one that a process can use.",
            Query(f"rate(process_cpu_seconds_total{{{JOB}}}{RATE})", "{{instance}}"),
            unit="short",
            levels=bad_from(0.9),
            width=6,
        ),
    )
