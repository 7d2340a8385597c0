"""What ingress counts of webhooks and of its spool. Pure."""

from __future__ import annotations

from herald.contracts.metrics.definition import Across, counter, gauge, histogram

WEBHOOKS = counter(
    "herald_webhooks_total",
    "requests",
    "Webhook requests by what became of them",
    "provider",
    "account",
    "outcome",
)
UNSUBSCRIBES = counter(
    "herald_unsubscribe_requests_total",
    "requests",
    "Requests to unsubscribe links by what became of them",
    "outcome",
)
WEBHOOK_SECONDS = histogram(
    "herald_webhook_seconds",
    "seconds",
    "From the head of a webhook request to its response",
    "provider",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
WEBHOOK_RECEIPTS = counter(
    "herald_webhook_receipts_total",
    "receipts",
    "Receipts read from webhooks",
    "provider",
    "account",
    "kind",
)
WEBHOOK_IGNORED = counter(
    "herald_webhook_ignored_total",
    "parts",
    "Parts of webhooks that do not concern Herald",
    "provider",
    "account",
)
WEBHOOK_QUARANTINED = counter(
    "herald_webhook_quarantined_total",
    "parts",
    "Parts of webhooks that were not understood and set aside",
    "provider",
    "account",
    "reason",
)
ATTACHMENTS = counter(
    "herald_ingress_attachments_total",
    "attachments",
    "Attachments that came with mails, by whether the folder for them kept them",
    "outcome",
)
ATTACHMENTS_BYTES = gauge(
    "herald_ingress_attachments_bytes",
    "bytes",
    "Bytes in the folder for attachments, as each replica counts them",
    across=Across.MAX,
)
SPOOL_KEPT = counter(
    "herald_spool_kept_total",
    "messages",
    "Messages kept on disk because the bus did not take them",
    "provider",
)
SPOOL_PUBLISHED = counter(
    "herald_spool_published_total", "messages", "Messages that came from the spool to the bus"
)
SPOOL_MESSAGES = gauge(
    "herald_spool_messages", "messages", "Messages that wait in the spool", across=Across.SUM
)
SPOOL_BYTES = gauge(
    "herald_spool_bytes", "bytes", "Bytes that wait in the spool", across=Across.SUM
)
SPOOL_AGE_SECONDS = gauge(
    "herald_spool_age_seconds",
    "seconds",
    "How long the oldest message of the spool has waited",
    across=Across.MAX,
)
