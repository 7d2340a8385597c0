"""The router's domain metrics. Labels are closed sets: never an id, an address or a user's word."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

COMMANDS = Counter("herald_commands_total", "Commands answered", ["lane", "answer"])
ATTEMPTS = Counter(
    "herald_attempt_facts_total",
    "Facts about attempts, by what they tell",
    ["channel", "provider", "status", "failure_class"],
)
FALLBACKS = Counter(
    "herald_fallbacks_total", "Changes of channel", ["from_channel", "to_channel", "reason"]
)
OUTCOMES = Counter("herald_outcomes_total", "Messages ended", ["outcome", "channel"])
OVERLAPS = Counter(
    "herald_overlaps_total", "Successes that came when a later attempt had started", ["channel"]
)
INBOUND = Counter("herald_inbound_total", "Messages from recipients", ["channel", "new"])
DELIVERY_SECONDS = Histogram(
    "herald_success_seconds",
    "From acceptance of a command to its success",
    ["channel"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200),
)
DEAD_LETTERS = Counter("herald_dead_letters_total", "Frames nobody could handle", ["queue"])
HANDLED_AFTER_LIMIT = Counter(
    "herald_handled_after_limit_total",
    "Commands and receipts handled though the broker gave them up after too many deliveries",
    ["queue"],
)
WITHDRAWALS = Counter("herald_withdrawals_total", "Attempts asked back", ["answer"])
EVENTS_NACKED = Counter(
    "herald_events_nacked_total", "Public events a user's full queue refused; not retried"
)
EVENTS_GIVEN_UP = Counter(
    "herald_events_given_up_total", "Public events that a user's queue did not take for long"
)
OUTBOX_ROWS = Gauge("herald_outbox_rows", "Transactions whose frames are not all confirmed")
OUTBOX_AGE_SECONDS = Gauge("herald_outbox_age_seconds", "Age of the oldest outbox row")
OUTBOX_SWEPT = Counter("herald_outbox_swept_total", "Outbox rows taken over after a lapse")
RECEIPTS_LAG_SECONDS = Gauge(
    "herald_receipts_lag_seconds", "How far behind now all receipts of a lane are handled", ["lane"]
)
SILENCE_LAG_SECONDS = Gauge(
    "herald_silence_lag_seconds", "How far behind now silence may be judged, of any message"
)
TIMERS = Counter("herald_timers_total", "Deadlines acted on", ["kind"])
TIMER_LAG_SECONDS = Gauge("herald_timer_lag_seconds", "How late the last deadline was acted on")
