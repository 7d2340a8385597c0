"""The first page to look at: traffic, success, changes of channel, latency."""

from __future__ import annotations

from herald_dashboards import variables
from herald_dashboards.consent import consent_panels
from herald_dashboards.levels import bad_from, good_from
from herald_dashboards.page import Group, Page
from herald_dashboards.panels import HEIGHT, Panel, Query, bars, figure, lines, states
from herald_dashboards.quantiles import quantiles

RATE = "[$__rate_interval]"


def page() -> Page:
    """Return the dashboard."""
    return Page(
        uid="herald-overview",
        title="Overview",
        says="Traffic, success, changes of channel and latency of one Herald.",
        choices=(variables.channel(), variables.lane()),
        groups=(
            Group("Now", (*_flow(), *_doubts())),
            Group("Traffic and success", (*_traffic(), *_by_channel())),
            Group("Fallback", _fallback()),
            Group("Consent", consent_panels()),
            Group("Latency", _latency()),
            Group("Trouble", (*_trouble(), *_signs())),
        ),
    )


def _flow() -> tuple[Panel, ...]:
    ended = 'increase(herald_outcomes_total{outcome!="cancelled"}[$__range])'
    succeeded = 'increase(herald_outcomes_total{outcome="succeeded"}[$__range])'
    return (
        figure(
            "Commands",
            "Send commands answered per second, by all routers.",
            Query(f'sum(rate(herald_commands_total{{command="send"}}{RATE}))', "commands"),
            unit="mps",
        ),
        figure(
            "Success",
            "Share of the messages that ended in the chosen time and succeeded; cancelled ones"
            " are left out.",
            Query(f"sum({succeeded}) / sum({ended})", "success"),
            unit="percentunit",
            levels=good_from(0.98, orange=0.9),
            whole_range=True,
            decimals=1,
        ),
        figure(
            "Open messages",
            "Messages accepted and without an outcome. Every router counts all of them, so the"
            " largest count is shown.",
            Query("sum(max by (namespace) (herald_messages_open))", "open"),
            unit="short",
        ),
    )


def _doubts() -> tuple[Panel, ...]:
    return (
        figure(
            "Oldest waiting work",
            "Age of the oldest work that was dispatched and that no worker has started.",
            Query('max(herald_backlog_age_seconds{channel=~"$channel", lane=~"$lane"})', "oldest"),
            unit="s",
            levels=bad_from(300, orange=30),
            runbooks=("HeraldBacklogOld",),
        ),
        figure(
            "Accounts down",
            "Accounts of the chosen channels that take no calls: down, or paused by an operator.",
            Query(
                'sum(1 - min by (channel, account) (herald_account_up{channel=~"$channel"}))',
                "down",
            ),
            unit="short",
            levels=bad_from(1),
            runbooks=("HeraldAccountDown", "HeraldChannelWithoutAccount"),
        ),
        figure(
            "Unknown results",
            "Attempts of the chosen channels whose result is unknown: they may have reached the"
            " recipient. Every router counts all of them.",
            Query(
                'sum(max by (channel) (herald_unknown_attempts{channel=~"$channel"}))', "unknown"
            ),
            unit="short",
            levels=bad_from(10, orange=1),
            runbooks=("HeraldUnknownAttempts",),
        ),
    )


def _traffic() -> tuple[Panel, ...]:
    return (
        lines(
            "Send commands by answer",
            "Commands to send, per second, by the answer they got. Rejected ones are dead"
            " letters, too.",
            Query(
                "sum by (answer) (rate(herald_commands_total"
                f'{{command="send", lane=~"$lane"}}{RATE}))',
                "{{answer}}",
            ),
            unit="mps",
            stacked=True,
            runbooks=("HeraldCommandsRejected",),
        ),
        lines(
            "Messages ended, by outcome",
            "Messages that got their outcome, per second. The channel is the one that brought the"
            " outcome; `none` where there was no attempt.",
            Query(
                f'sum by (outcome) (rate(herald_outcomes_total{{channel=~"$channel"}}{RATE}))',
                "{{outcome}}",
            ),
            unit="mps",
            stacked=True,
        ),
    )


def _by_channel() -> tuple[Panel, ...]:
    return (
        lines(
            "Successes by channel",
            "Messages that succeeded, per second, by the channel that brought the success.",
            Query(
                "sum by (channel) (rate(herald_outcomes_total"
                f'{{outcome="succeeded", channel=~"$channel"}}{RATE}))',
                "{{channel}}",
            ),
            unit="mps",
            stacked=True,
        ),
        lines(
            "Failed attempts by class",
            "Attempts that failed, per second, by failure class: docs/states.md says what each"
            " leads to.",
            Query(
                "sum by (failure_class) (rate(herald_attempt_facts_total"
                f'{{status="failed", channel=~"$channel"}}{RATE}))',
                "{{failure_class}}",
            ),
            unit="mps",
            stacked=True,
            runbooks=("HeraldProviderFailing",),
        ),
    )


def _fallback() -> tuple[Panel, ...]:
    chosen = 'from_channel=~"$channel"'
    return (
        bars(
            "Changes of channel, and why",
            "How often a message went on to the next channel in the chosen time, by the channels"
            " and the reason: a failure class, silence, or work that was not started in time.",
            Query(
                "topk(12, sum by (from_channel, to_channel, reason)"
                f" (increase(herald_fallbacks_total{{{chosen}}}[$__range])) > 0)",
                "{{from_channel}} → {{to_channel}}: {{reason}}",
            ),
            unit="short",
            runbooks=("HeraldFallbacksMany",),
        ),
        lines(
            "Changes of channel",
            "Changes of channel per second, by the channels.",
            Query(
                "sum by (from_channel, to_channel)"
                f" (rate(herald_fallbacks_total{{{chosen}}}{RATE}))",
                "{{from_channel}} → {{to_channel}}",
            ),
            unit="mps",
            stacked=True,
            width=8,
        ),
        figure(
            "Changes per message",
            "Changes of channel in the chosen time for each command accepted in it.",
            Query(
                f"sum(increase(herald_fallbacks_total{{{chosen}}}[$__range]))"
                ' / sum(increase(herald_commands_total{command="send", answer="accepted"}'
                "[$__range]))",
                "changes",
            ),
            unit="percentunit",
            levels=bad_from(0.5, orange=0.2),
            height=HEIGHT,
            whole_range=True,
            decimals=1,
        ),
    )


def _latency() -> tuple[Panel, ...]:
    return (
        lines(
            "Command to the first acceptance",
            "From a command's acceptance, or its send_at, to the first provider's acceptance.",
            *quantiles(
                "herald_first_acceptance_seconds", 'channel=~"$channel", lane=~"$lane"', by="lane"
            ),
            unit="s",
            runbooks=("HeraldFirstAcceptanceBudgetBurn",),
        ),
        lines(
            "Command to success",
            "From a command's acceptance to the success of its message.",
            *quantiles(
                "herald_outcome_seconds",
                'outcome="succeeded", channel=~"$channel"',
                by="channel",
            ),
            unit="s",
            runbooks=("HeraldOutcomeBudgetBurn",),
        ),
        lines(
            "Waiting in a queue",
            "From publishing to the handler, of what the services took: 95 of 100 waited less.",
            *quantiles("herald_queue_delay_seconds", "", by="queue", shares=(0.95,)),
            unit="s",
            runbooks=("HeraldQueueDelay",),
        ),
        lines(
            "Provider calls",
            "How long calls of providers took.",
            *quantiles("herald_send_seconds", 'channel=~"$channel"', by="channel"),
            unit="s",
            runbooks=("HeraldProviderSlow",),
        ),
    )


def _trouble() -> tuple[Panel, ...]:
    return (
        states(
            "Services ready",
            "Whether all replicas of a service pass their checks of readiness.",
            Query("min by (job) (herald_ready)", "{{job}}"),
            good="ready",
            bad="not ready",
            runbooks=("HeraldNotReady", "HeraldServiceDown", "HeraldBrokerAway"),
        ),
        lines(
            "Dead letters",
            "New dead letters per second: refused commands, and what no service could handle."
            " `herald dlq list` shows them.",
            Query(f"sum by (queue) (rate(herald_dead_letters_total{RATE}))", "{{queue}}"),
            unit="mps",
            stacked=True,
            runbooks=("HeraldDeadLetters",),
        ),
    )


def _signs() -> tuple[Panel, ...]:
    return (
        lines(
            "Reached twice",
            "Messages whose second attempt reached the recipient, too, and successes that came"
            " when a later attempt had started. The timeline of each message explains it.",
            Query(
                "sum by (channel) (increase(herald_double_contacts_total"
                '{channel=~"$channel"}[$__rate_interval]))',
                "{{channel}}: two contacts",
            ),
            Query(
                "sum by (channel) (increase(herald_overlaps_total"
                '{channel=~"$channel"}[$__rate_interval]))',
                "{{channel}}: overlap",
            ),
            unit="short",
            width=8,
            runbooks=("HeraldDoubleContacts",),
        ),
        lines(
            "Warnings",
            "1 while a check warns of what leaves a service ready, such as accounts down.",
            Query("max by (job, check) (herald_warning)", "{{job}}: {{check}}"),
            unit="short",
            width=8,
            top=1,
        ),
        lines(
            "Replicas by version",
            "Processes of each service, by the version they run.",
            Query("count by (service, version) (herald_build_info)", "{{service}} {{version}}"),
            unit="short",
            width=8,
            runbooks=("HeraldVersionsMixed", "HeraldRestarting"),
        ),
    )
