"""From a route to the steps that a message can use, and why the others are left out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from herald.config.file import ConfiguredRoute, HeraldFile
from herald.config.senders import Sender
from herald.contracts.commands import Route, SendMessage, Step
from herald.contracts.content import ChannelContent, Template
from herald.contracts.content.mediums import why_unsayable
from herald.providers.account import Account
from herald.providers.windows import why_unsayable_outside
from router.commands import UnusableError
from router.core.message import PlannedStep, step_content_name
from router.core.states import DEFAULT_FALLBACK_ON

_NAMED = 10
Skipped = tuple[tuple[int, str], ...]  # the number of a step left out, and why


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSteps:
    """What a route comes to: the steps to try, and those left out."""

    steps: tuple[PlannedStep, ...]
    skipped: Skipped
    # by what the steps are called among contents: their own templates for outside a window
    outside: Mapping[str, ChannelContent]


def plan_steps(command: SendMessage, configuration: HeraldFile) -> PlannedSteps:
    """Resolve the route to the steps this recipient, content and tenant can use.

    Raises:
        UnusableError: a name is unknown, or no step is left.
    """
    _check_overrides(command, configuration)
    route = _route(command, configuration)
    senders = _sender(command, configuration)
    steps: list[PlannedStep] = []
    outside: dict[str, ChannelContent] = {}
    unusable: list[tuple[int, UnusableError]] = []
    for number, step in enumerate(route.steps, start=1):
        problem = _why_unusable(step, command, configuration)
        if problem is None:
            steps.append(_planned(step, command, senders, configuration))
            if step.outside_window is not None:
                name = step_content_name(step.channel, len(steps))
                outside[name] = ChannelContent.model_construct(template=step.outside_window)
        else:
            unusable.append((number, problem))
    if not steps:
        reasons = "; ".join(f"step {number}: {problem.reason}" for number, problem in unusable)
        fields = {problem.field for _, problem in unusable}
        raise UnusableError(_common_field(fields), f"no usable step ({reasons})")
    return PlannedSteps(
        steps=tuple(steps),
        skipped=tuple((number, problem.reason) for number, problem in unusable),
        outside=outside,
    )


def route_name(command: SendMessage, configuration: HeraldFile) -> str | None:
    """Return the configured route that the command means; None: it brings steps of its own."""
    if isinstance(command.route, Route):
        return None
    return command.route or configuration.tenants[command.tenant].route


def sender_name(command: SendMessage, configuration: HeraldFile) -> str | None:
    """Return the configured sender that the command means, if any."""
    return command.sender or configuration.tenants[command.tenant].sender


def _check_overrides(command: SendMessage, configuration: HeraldFile) -> None:
    for channel in command.content.overrides:
        if channel not in configuration.channels:
            at = f"content.overrides.{channel}"
            raise UnusableError(at, _no_such("channel", configuration.channels))


def _route(command: SendMessage, configuration: HeraldFile) -> Route:
    if isinstance(command.route, Route):
        for index, step in enumerate(command.route.steps):
            at = f"route.steps.{index}"
            if step.channel not in configuration.channels:
                raise UnusableError(f"{at}.channel", _no_such("channel", configuration.channels))
            if step.account is not None and step.account not in configuration.accounts:
                any_account = step.model_copy(update={"account": None})
                known = configuration.serving(any_account, command.tenant)
                raise UnusableError(f"{at}.account", _no_such("account", known))
            _check_outside(
                step.outside_window, step, f"{at}.outside_window", command, configuration
            )
        return command.route
    name = route_name(command, configuration)
    named = configuration.routes.get(name or "")
    if named is None or command.tenant not in named.tenants:
        raise UnusableError("route", _no_such("route", _of_tenant(configuration.routes, command)))
    return named


def _check_outside(
    template: Template | None, step: Step, at: str, command: SendMessage, configuration: HeraldFile
) -> None:
    """Refuse a template for outside a window that the step's accounts can't send."""
    serving = list(configuration.serving(step, command.tenant).values())
    if template is None or not serving:
        return
    problem = why_unsayable_outside(template, serving)
    if problem is not None:
        raise UnusableError(at, problem)


def _sender(command: SendMessage, configuration: HeraldFile) -> dict[str, str]:
    name = sender_name(command, configuration)
    if name is None:
        return {}
    named = configuration.senders.get(name)
    if named is None or command.tenant not in named.tenants:
        known = _of_tenant(configuration.senders, command)
        raise UnusableError("sender", _no_such("sender", known))
    return named.channels


def _of_tenant(
    parts: Mapping[str, ConfiguredRoute] | Mapping[str, Sender], command: SendMessage
) -> list[str]:
    return [name for name, part in parts.items() if command.tenant in part.tenants]


def _no_such(kind: str, known: Iterable[str]) -> str:
    """Say that a name is unknown, and which are known: as many as a reader takes in."""
    names = sorted(known)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"no such {kind}; known: {', '.join(names[:_NAMED]) or 'none'}{more}"


def _why_unusable(
    step: Step, command: SendMessage, configuration: HeraldFile
) -> UnusableError | None:
    if command.to.address_on(step.channel) is None:
        return UnusableError("route", f"no address on {step.channel}")
    serving = list(configuration.serving(step, command.tenant).values())
    if not serving:
        return UnusableError("route", f"no account on {step.channel} serves this tenant")
    return _why_unsayable(step.channel, command, serving)


def _why_unsayable(
    channel: str, command: SendMessage, serving: list[Account]
) -> UnusableError | None:
    content = command.content.on(channel)
    template = content.template
    # any of them may be chosen, so all must hold it
    held = template is not None and all(account.holds(template.name) for account in serving)
    problem = why_unsayable(channel, content, holds_template=held)
    if problem is None:
        return _why_unsayable_outside(channel, command, serving)
    return UnusableError(_content_field(channel, problem.part, command), problem.reason)


def _why_unsayable_outside(
    channel: str, command: SendMessage, serving: list[Account]
) -> UnusableError | None:
    template = command.content.on(channel).outside_window
    if template is None or all(account.service_window is None for account in serving):
        return None
    problem = why_unsayable_outside(template, serving)
    if problem is None:
        return None
    return UnusableError(_content_field(channel, "outside_window", command), problem)


def _content_field(channel: str, part: str | None, command: SendMessage) -> str:
    """Name the field that says a part of what is said on a channel."""
    override = command.content.overrides.get(channel)
    overridden = override is not None and part in override.model_fields_set
    at = ("content", *(("overrides", channel) if overridden else ()), part)
    return ".".join(filter(None, at))


def _common_field(fields: set[str]) -> str:
    """Return the field that all unusable steps have in common."""
    if len(fields) == 1:
        return fields.pop()
    of_content = all(field.split(".")[0] == "content" for field in fields)
    return "content" if of_content else "route"


def _planned(
    step: Step, command: SendMessage, senders: dict[str, str], configuration: HeraldFile
) -> PlannedStep:
    address = command.to.address_on(step.channel)
    assert address is not None, "checked by _why_unusable"
    serving = list(configuration.serving(step, command.tenant).values())
    return PlannedStep(
        channel=step.channel,
        address=address,
        sender=senders.get(step.channel),
        account=step.account,
        success_on=step.success_on,
        fallback_after=step.fallback_after,
        start_within=step.start_within or configuration.rules_for(command.category).start_within,
        fallback_on=DEFAULT_FALLBACK_ON if step.fallback_on is None else step.fallback_on,
        outside_window=_outside_window(step, command.content.on(step.channel), serving),
    )


def _outside_window(
    step: Step, content: ChannelContent, serving: Sequence[Account]
) -> Literal["template", "nothing"] | None:
    """Say what a step says to who may get a template only; None: it says a template anyway."""
    if all(account.service_window is None for account in serving):
        return None
    template = content.template
    if template is not None and all(account.holds(template.name) for account in serving):
        return None
    return "template" if content.outside_window or step.outside_window else "nothing"
