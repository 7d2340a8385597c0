"""The door for webhooks: requests, receipts, the spool, callers cut off."""

from __future__ import annotations

from herald_dashboards import variables
from herald_dashboards.levels import bad_from, good_from
from herald_dashboards.page import Group, Page
from herald_dashboards.panels import Panel, Query, figure, heat, lines
from herald_dashboards.quantiles import quantiles

JOB = 'job="herald-ingress"'
PROVIDER = 'provider=~"$provider"'
RATE = "[$__rate_interval]"


def page() -> Page:
    """Return the dashboard."""
    return Page(
        uid="herald-ingress",
        title="Ingress",
        says="The door for webhooks: requests, receipts, the spool, callers cut off.",
        choices=(variables.provider(),),
        groups=(
            Group("Now", (*_now(), *_held())),
            Group("Webhooks", _webhooks()),
            Group("Receipts", _receipts()),
            Group("Spool", _spool()),
            Group("Callers and processes", _callers()),
        ),
    )


def _now() -> tuple[Panel, ...]:
    webhooks = f"increase(herald_webhooks_total{{{PROVIDER}}}[$__range])"
    failed = f'increase(herald_webhooks_total{{{PROVIDER}, outcome="unavailable"}}[$__range])'
    forged = 'increase(herald_webhooks_total{outcome="not_authentic"}[$__range])'
    return (
        figure(
            "Webhooks",
            "Webhook requests per second.",
            Query(f"sum(rate(herald_webhooks_total{{{PROVIDER}}}{RATE}))", "webhooks"),
            unit="reqps",
        ),
        figure(
            "Availability",
            "Share of the webhooks in the chosen time that were not answered with 503, which is"
            " Herald's own trouble.",
            Query(f"1 - sum({failed}) / sum({webhooks})", "available"),
            unit="percentunit",
            levels=good_from(0.999, orange=0.99),
            whole_range=True,
            decimals=2,
            runbooks=("HeraldWebhookBudgetBurn",),
        ),
        figure(
            "Not authentic",
            "Requests in the chosen time without a valid signature, or for an account that is not"
            " configured.",
            Query(f"sum({forged})", "not authentic"),
            unit="short",
            whole_range=True,
            decimals=0,
            levels=bad_from(1000, orange=10),
            runbooks=("HeraldWebhooksNotAuthentic",),
        ),
    )


def _held() -> tuple[Panel, ...]:
    return (
        figure(
            "In the spool",
            "Messages that wait on disk, on every ingress together, for the broker to take them.",
            Query("sum(herald_spool_messages)", "messages"),
            unit="short",
            levels=bad_from(10000, orange=1),
        ),
        figure(
            "Oldest in the spool",
            "How long the oldest message of a spool has waited.",
            Query("max(herald_spool_age_seconds)", "oldest"),
            unit="s",
            levels=bad_from(60, orange=10),
            runbooks=("HeraldSpoolOld",),
        ),
        figure(
            "Connections",
            "Connections that callers hold open, on every ingress together.",
            Query(f"sum(herald_http_connections{{{JOB}}})", "connections"),
            unit="short",
        ),
    )


def _webhooks() -> tuple[Panel, ...]:
    return (
        lines(
            "Webhooks by outcome",
            "Webhook requests per second by what became of them: docs/webhooks.md says how each is"
            " answered.",
            Query(
                f"sum by (outcome) (rate(herald_webhooks_total{{{PROVIDER}}}{RATE}))", "{{outcome}}"
            ),
            unit="reqps",
            stacked=True,
        ),
        lines(
            "Webhooks by account",
            "Webhook requests per second by the account of their path.",
            Query(
                f"sum by (account) (rate(herald_webhooks_total{{{PROVIDER}}}{RATE}))", "{{account}}"
            ),
            unit="reqps",
            stacked=True,
            runbooks=("HeraldWebhooksSilent",),
        ),
        lines(
            "Time to answer",
            "From the head of a request to its response: verifying, reading, publishing.",
            *quantiles("herald_webhook_seconds", PROVIDER, by="provider", shares=(0.5, 0.99)),
            unit="s",
            levels=bad_from(5),
        ),
        heat(
            "Times to answer",
            "Webhooks per second that took as long as each bucket says.",
            Query(
                f"sum by (le) (rate(herald_webhook_seconds_bucket{{{PROVIDER}}}{RATE}))", "{{le}}"
            ),
            unit="s",
        ),
    )


def _receipts() -> tuple[Panel, ...]:
    return (
        lines(
            "Receipts by kind",
            "What was read from webhooks, per second: news of attempts, messages from recipients,"
            " news of accounts.",
            Query(
                f"sum by (kind) (rate(herald_webhook_receipts_total{{{PROVIDER}}}{RATE}))",
                "{{kind}}",
            ),
            unit="mps",
            stacked=True,
            width=8,
        ),
        lines(
            "Set aside",
            "Parts of webhooks that were not understood, per second, by the reason. They become"
            " dead letters.",
            Query(
                f"sum by (reason) (rate(herald_webhook_quarantined_total{{{PROVIDER}}}{RATE}))",
                "{{reason}}",
            ),
            unit="mps",
            stacked=True,
            width=8,
            runbooks=("HeraldWebhooksQuarantined",),
        ),
        lines(
            "Ignored",
            "Parts of webhooks that do not concern Herald, per second, by account.",
            Query(
                f"sum by (account) (rate(herald_webhook_ignored_total{{{PROVIDER}}}{RATE}))",
                "{{account}}",
            ),
            unit="mps",
            stacked=True,
            width=8,
        ),
    )


def _spool() -> tuple[Panel, ...]:
    return (
        lines(
            "Messages in the spool",
            "Messages that wait on disk, by ingress.",
            Query("herald_spool_messages", "{{instance}}"),
            unit="short",
            width=6,
        ),
        lines(
            "Size of the spool",
            "Bytes that wait on disk, by ingress. A full spool answers 503.",
            Query("herald_spool_bytes", "{{instance}}"),
            unit="bytes",
            width=6,
        ),
        lines(
            "Age of the spool",
            "How long the oldest message has waited, by ingress.",
            Query("herald_spool_age_seconds", "{{instance}}"),
            unit="s",
            levels=bad_from(60, orange=10),
            width=6,
            runbooks=("HeraldSpoolOld",),
        ),
        lines(
            "Into the spool and out of it",
            "Messages per second kept on disk because the bus did not take them, and those that"
            " came from disk to the bus.",
            Query(f"sum(rate(herald_spool_kept_total{RATE}))", "kept"),
            Query(f"sum(rate(herald_spool_published_total{RATE}))", "published"),
            unit="mps",
            width=6,
        ),
    )


def _callers() -> tuple[Panel, ...]:
    return (
        lines(
            "Callers cut off",
            "Callers refused or cut off before an answer, per second, by the reason.",
            Query(
                f"sum by (reason) (rate(herald_http_refused_total{{{JOB}}}{RATE}))", "{{reason}}"
            ),
            Query(
                f"sum(rate(herald_http_accept_failures_total{{{JOB}}}{RATE}))", "no descriptor left"
            ),
            unit="cps",
            width=8,
            runbooks=("HeraldCallersRefused", "HeraldNoDescriptors"),
        ),
        lines(
            "Bodies in memory",
            "Bytes of request bodies held in memory, by ingress.",
            Query(f"herald_http_body_bytes{{{JOB}}}", "{{instance}}"),
            unit="bytes",
            width=8,
        ),
        lines(
            "Processor and event loop",
            "Cores used by each ingress, and how much later than asked its loop woke a sleeper, in"
            " seconds.",
            Query(f"rate(process_cpu_seconds_total{{{JOB}}}{RATE})", "{{instance}}: cores"),
            Query(f"herald_loop_lag_latest_seconds{{{JOB}}}", "{{instance}}: late by"),
            unit="short",
            width=8,
            runbooks=("HeraldLoopLag",),
        ),
    )
