"""From the steps that a message can use to what the router keeps of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

from msgspec import Struct

from herald.config.file import HeraldFile
from herald.config.steps import SMS, Skipped, UsableStep, usable_steps
from herald.contracts.commands import SendMessage
from herald.contracts.content import ChannelContent
from herald.contracts.content.segments import count_segments
from herald.providers.windows import holders
from router.core.message import PlannedStep, step_content_name
from router.core.states import DEFAULT_FALLBACK_ON


class PlannedSteps(Struct, frozen=True, kw_only=True):
    """What a route comes to: the steps to try, and those left out."""

    steps: tuple[PlannedStep, ...]
    skipped: Skipped
    contents: Mapping[str, ChannelContent]  # what is said on each channel of them
    # by what the steps are called among contents: their own templates for outside a window
    outside: Mapping[str, ChannelContent]


def plan_steps(
    command: SendMessage, configuration: HeraldFile, *, fills: bool = True
) -> PlannedSteps:
    """Resolve the route to the steps this recipient, content and tenant can use.

    `fills`: as for `usable_steps`.

    Raises:
        UnusableError: a name is unknown, or no step is left.
    """
    usable, skipped = usable_steps(command, configuration, fills=fills)
    outside = {
        step_content_name(one.step.channel, number): ChannelContent.model_construct(
            template=one.step.outside_window
        )
        for number, one in enumerate(usable, start=1)
        if one.step.outside_window is not None
    }
    steps = tuple(_planned(one, command, configuration) for one in usable)
    contents = {one.step.channel: one.content for one in usable}
    return PlannedSteps(steps=steps, skipped=skipped, contents=contents, outside=outside)


def _planned(usable: UsableStep, command: SendMessage, configuration: HeraldFile) -> PlannedStep:
    step, rules = usable.step, configuration.router.fallback
    fallback = step.fallback_after
    outside = _outside_window(usable)
    return PlannedStep(
        channel=step.channel,
        address=usable.address,
        sender=usable.sender,
        account=step.account,
        success_on=step.success_on,
        fallback_after=fallback if isinstance(fallback, timedelta) else rules.default,
        learns_fallback=None if isinstance(fallback, timedelta) else True,
        start_within=step.start_within or configuration.rules_for(command.category).start_within,
        fallback_on=DEFAULT_FALLBACK_ON if step.fallback_on is None else step.fallback_on,
        outside_window=outside,
        template_accounts=_holders(usable, command.tenant, configuration) if outside else None,
        says=None if usable.filled is None else str(usable.filled),
        parts=_parts(usable) if configuration.tenants[command.tenant].counts_cost else None,
    )


def _parts(usable: UsableStep) -> int:
    """Return as how many messages a step is billed."""
    template = usable.content.template
    held = template is not None and all(it.holds(template.name) for it in usable.serving)
    says_text = usable.step.channel == SMS and not held
    return max(1, count_segments(usable.content.text or "")) if says_text else 1


def _outside_window(usable: UsableStep) -> Literal["template", "nothing"] | None:
    """Say what a step says to who may get a template only; None: it says a template anyway."""
    content, serving = usable.content, usable.serving
    if all(account.service_window is None for account in serving):
        return None
    template = content.template
    if template is not None and all(account.holds(template.name) for account in serving):
        return None
    if content.outside_window or usable.step.outside_window:
        return "template"
    # who tries it in any case need not be asked about
    tries = all(it.tries_outside_window or it.service_window is None for it in serving)
    return None if tries else "nothing"


def _holders(usable: UsableStep, tenant: str, configuration: HeraldFile) -> tuple[str, ...] | None:
    """Name the accounts that can send the template for outside a window; None: all, or none."""
    template = usable.content.outside_window or usable.step.outside_window
    if template is None:
        return None
    serving = configuration.serving(usable.step, tenant, usable.address)
    able = holders(template, serving)
    return able if 0 < len(able) < len(serving) else None
