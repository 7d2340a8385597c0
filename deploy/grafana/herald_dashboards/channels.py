"""What the channels' workers do, and how each account of a provider fares."""

from __future__ import annotations

from herald_dashboards import durations, egress, limits, variables
from herald_dashboards.levels import bad_from
from herald_dashboards.page import Group, Page
from herald_dashboards.panels import Panel, Query, bars, lines, states
from herald_dashboards.quantiles import quantiles
from herald_dashboards.sessions import session_panels

CHANNEL = 'channel=~"$channel"'
LANE = 'lane=~"$lane"'
ACCOUNT = f'{CHANNEL}, account=~"$account"'
WORKERS = 'job=~"herald-channel-($channel)"'


def page() -> Page:
    """Return the dashboard."""
    return Page(
        uid="herald-channels",
        title="Channels and accounts",
        says="What the channels' workers do, and how each account of a provider fares.",
        choices=(variables.channel(), variables.account(), variables.lane()),
        groups=(
            Group("Accounts", _accounts()),
            Group("Calls", (*_calls(), *limits.panels(), *durations.panels(CHANNEL, ACCOUNT))),
            Group("Egress", egress.panels()),
            Group("Work that waits", _waiting()),
            Group("Results that are not plain", _doubtful()),
            Group("Processes", _processes()),
        ),
    )


def _accounts() -> tuple[Panel, ...]:
    return (
        states(
            "Accounts that take calls",
            "1 while an account takes calls; 0 while it is down (its provider refuses the"
            " credentials or fails) or paused by an operator. `herald status` says which.",
            Query(f"min by (channel, account) (herald_account_up{{{ACCOUNT}}})", "{{account}}"),
            good="takes calls",
            bad="down or paused",
            runbooks=("HeraldAccountDown", "HeraldChannelWithoutAccount"),
        ),
        *session_panels(ACCOUNT),
        bars(
            "How far attempts came",
            "Facts about attempts in the chosen time, by status, as the providers report them. An"
            " attempt has several: accepted, then sent, then delivered, then read.",
            Query(
                "sum by (status)"
                f" (increase(herald_attempt_facts_total{{{ACCOUNT}}}[$__range])) > 0",
                "{{status}}",
            ),
            unit="short",
        ),
    )


def _calls() -> tuple[Panel, ...]:
    sends = f"rate(herald_sends_total{{{ACCOUNT}}}[$__rate_interval])"
    failed = f'rate(herald_sends_total{{{ACCOUNT}, result!="accepted"}}[$__rate_interval])'
    return (
        lines(
            "Calls by account",
            "Calls of providers per second, by account.",
            Query(f"sum by (account) ({sends})", "{{account}}"),
            unit="reqps",
            stacked=True,
        ),
        lines(
            "Calls that were not accepted, by account",
            "Share of an account's calls that the provider did not accept: refused, not sent, or"
            " of unknown result.",
            Query(f"sum by (account) ({failed}) / sum by (account) ({sends})", "{{account}}"),
            unit="percentunit",
            levels=bad_from(0.2),
            top=1,
            runbooks=("HeraldProviderFailing",),
        ),
        lines(
            "Calls by result",
            "Calls per second by how they ended, and by failure class where they failed.",
            Query(f"sum by (result, failure_class) ({sends})", "{{result}} {{failure_class}}"),
            unit="reqps",
            stacked=True,
        ),
    )


def _backlog() -> tuple[Panel, ...]:
    chosen = f"{CHANNEL}, {LANE}"
    return (
        lines(
            "Work not started",
            "Messages that wait for a channel's workers: in the backlog, in a queue, or given back."
            " Read from the database by every router, so it shows when no worker lives.",
            Query(
                f"max by (channel, lane) (herald_backlog_messages{{{chosen}}})",
                "{{channel}} {{lane}}",
            ),
            unit="short",
            stacked=True,
            runbooks=("HeraldBacklogGrowing",),
        ),
        lines(
            "Of these, in the backlog or given back",
            "Messages that wait in the database until their queue has room, and those whose work a"
            " worker gave back, for a limit or an account that is down.",
            Query(
                f"max by (channel, lane) (herald_backlog_held_messages{{{chosen}}})",
                "backlog {{channel}} {{lane}}",
            ),
            Query(
                f"max by (channel, lane) (herald_backlog_returned_messages{{{chosen}}})",
                "given back {{channel}} {{lane}}",
            ),
            unit="short",
            runbooks=("HeraldBacklogGrowing",),
        ),
        lines(
            "Let into the queues",
            "Messages per second let from the backlog into the queues of work, and how many may"
            " wait in a queue at most.",
            Query(
                "sum by (channel, lane)"
                f" (rate(herald_released_total{{{chosen}}}[$__rate_interval]))",
                "per second {{channel}} {{lane}}",
            ),
            Query(
                f"max by (channel, lane) (herald_window_messages{{{chosen}}}) > 0",
                "window {{channel}} {{lane}}",
            ),
            unit="short",
        ),
    )


def _waiting() -> tuple[Panel, ...]:
    chosen = f"{CHANNEL}, {LANE}"
    return (
        *_backlog(),
        lines(
            "Age of the oldest such work",
            "How long the oldest work of a lane has waited for a worker.",
            Query(
                f"max by (channel, lane) (herald_backlog_age_seconds{{{chosen}}})",
                "{{channel}} {{lane}}",
            ),
            unit="s",
            levels=bad_from(300, orange=30),
            runbooks=("HeraldBacklogOld",),
        ),
        lines(
            "Work given back without a call",
            "Work that a worker returned to the router, per second, by the reason: a rate limit, an"
            " account that is down, or work that came too late.",
            Query(
                "sum by (channel, reason)"
                f" (rate(herald_returned_total{{{CHANNEL}}}[$__rate_interval]))",
                "{{channel}}: {{reason}}",
            ),
            unit="mps",
        ),
        lines(
            "Waiting in a queue of work",
            "From the router's publishing to the worker: 50 and 99 of 100 waited less.",
            *quantiles(
                "herald_queue_delay_seconds",
                'queue=~"outbound[.]($channel)[.]($lane)"',
                by="queue",
                shares=(0.5, 0.99),
            ),
            unit="s",
            runbooks=("HeraldQueueDelay",),
        ),
    )


def _doubtful() -> tuple[Panel, ...]:
    return (
        lines(
            "Attempts of unknown result",
            "Attempts whose result is unknown now: the connection broke after the request was"
            " written. A webhook that names the attempt resolves it.",
            Query(f"max by (channel) (herald_unknown_attempts{{{CHANNEL}}})", "{{channel}}"),
            unit="short",
            levels=bad_from(10),
            width=8,
            runbooks=("HeraldUnknownAttempts",),
        ),
        lines(
            "Claims that nobody reported",
            "Work whose worker ended, or could not record, before its lease was over; and reports"
            " that were published again. Per second.",
            Query(
                "sum by (channel)"
                f" (rate(herald_leases_ended_total{{{CHANNEL}}}[$__rate_interval]))",
                "{{channel}}: lease ended",
            ),
            Query(
                "sum by (channel)"
                f" (rate(herald_reports_republished_total{{{CHANNEL}}}[$__rate_interval]))",
                "{{channel}}: published again",
            ),
            unit="mps",
            width=8,
            runbooks=("HeraldClaimsUnreported",),
        ),
        lines(
            "Reached twice",
            "Messages of which a second attempt reached the recipient, too, in the time of one"
            " point of the graph.",
            Query(
                "sum by (channel)"
                f" (increase(herald_double_contacts_total{{{CHANNEL}}}[$__rate_interval]))",
                "{{channel}}",
            ),
            unit="short",
            width=8,
            runbooks=("HeraldDoubleContacts",),
        ),
    )


def _processes() -> tuple[Panel, ...]:
    return (
        lines(
            "Calls under way",
            "Calls that wait for their provider's answer now. Each worker has a bounded number of"
            " slots: a flat top means that all are taken.",
            Query(f"sum by (channel) (herald_sends_in_flight{{{CHANNEL}}})", "{{channel}}"),
            unit="short",
            width=6,
        ),
        lines(
            "Reports recorded together",
            "Reports in one transaction: more under load, one when there is little to do.",
            Query(
                "sum by (channel)"
                f" (rate(herald_record_batch_size_sum{{{CHANNEL}}}[$__rate_interval]))"
                " / sum by (channel)"
                f" (rate(herald_record_batch_size_count{{{CHANNEL}}}[$__rate_interval]))",
                "{{channel}}",
            ),
            unit="short",
            width=6,
        ),
        lines(
            "Processor",
            "Cores used by the workers; one process uses at most one.",
            Query(
                f"sum by (job) (rate(process_cpu_seconds_total{{{WORKERS}}}[$__rate_interval]))",
                "{{job}}",
            ),
            unit="short",
            width=6,
        ),
        lines(
            "Memory",
            "Memory of each worker.",
            Query(f"process_resident_memory_bytes{{{WORKERS}}}", "{{job}} {{instance}}"),
            unit="bytes",
            width=6,
        ),
    )
