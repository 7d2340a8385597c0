"""What a send command comes to by the configuration: its steps and its end, or why none. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from herald.config.file import ConfiguredRoute, HeraldFile
from herald.config.named_templates import fill_in
from herald.config.senders import Sender
from herald.contracts.commands import Route, SendMessage, Step
from herald.contracts.content import ChannelContent, Template
from herald.contracts.content.mediums import why_unsayable
from herald.contracts.content.rich_rules import without_parts
from herald.contracts.content.unsayable import Unsayable
from herald.providers.account import Account
from herald.providers.windows import why_unsayable_outside
from herald.templates.filled import Filled, UnfillableError

SMS = "sms"
_NAMED = 10
_FURTHEST = timedelta(days=3660)  # beyond any sense, and below what a date can hold
Skipped = tuple[tuple[int, str], ...]  # the number of a step left out, and why


@dataclass(slots=True)
class UnusableError(Exception):
    """A command that can't be carried out as it is."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class UsableStep:
    """A step that a message can use: to whom, what it says, and the accounts that may say it."""

    step: Step
    address: str
    sender: str | None
    content: ChannelContent
    serving: tuple[Account, ...]
    filled: Filled | None = None  # the template of herald.toml that says it


def usable_steps(
    command: SendMessage, configuration: HeraldFile, *, fills: bool = True
) -> tuple[tuple[UsableStep, ...], Skipped]:
    """Resolve the route to the steps this recipient, content and tenant can use.

    `fills`: templates are those that the command names. Otherwise its content is final, as of a
    message that is sent again.

    Raises:
        UnusableError: a name is unknown, or no step is left.
    """
    _check_overrides(command, configuration)
    route = _route(command, configuration)
    senders = _sender(command, configuration)
    steps: list[UsableStep] = []
    unusable: list[tuple[int, UnusableError]] = []
    for number, step in enumerate(route.steps, start=1):
        found = _usable(step, command, senders, configuration, fills=fills)
        if isinstance(found, UsableStep):
            steps.append(found)
        else:
            unusable.append((number, found))
    if not steps:
        reasons = "; ".join(f"step {number}: {problem.reason}" for number, problem in unusable)
        fields = {problem.field for _, problem in unusable}
        raise UnusableError(_common_field(fields), f"no usable step ({reasons})")
    return tuple(steps), tuple((number, problem.reason) for number, problem in unusable)


def route_name(command: SendMessage, configuration: HeraldFile) -> str | None:
    """Return the configured route that the command means; None: it brings steps of its own."""
    if isinstance(command.route, Route):
        return None
    return command.route or configuration.tenants[command.tenant].route


def sender_name(command: SendMessage, configuration: HeraldFile) -> str | None:
    """Return the configured sender that the command means, if any."""
    return command.sender or configuration.tenants[command.tenant].sender


def end_of(command: SendMessage, configuration: HeraldFile, now: datetime) -> datetime:
    """Return the end of the message's life; a ttl counts from `send_at` where there is one."""
    for name, moment in (("send_at", command.send_at), ("expires_at", command.expires_at)):
        if moment is not None and moment - now > _FURTHEST:
            raise UnusableError(name, "lies too far from now")
    ttl = command.ttl or configuration.rules_for(command.category).ttl
    end = command.expires_at or max(now, command.send_at or now) + ttl
    if end <= now:
        raise UnusableError("expires_at", "lies in the past")
    if command.send_at is not None and end <= command.send_at:
        raise UnusableError("send_at", "lies after expires_at")
    return end


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


def _usable(
    step: Step,
    command: SendMessage,
    senders: Mapping[str, str],
    configuration: HeraldFile,
    *,
    fills: bool,
) -> UsableStep | UnusableError:
    address = command.to.address_on(step.channel)
    if address is None:
        return UnusableError("route", f"no address on {step.channel}")
    serving = tuple(configuration.serving(step, command.tenant, address).values())
    if not serving:
        return _unserved(step, command, configuration)
    content, filled = command.content.on(step.channel), None
    if fills:
        content, filled = _fill_in(content, step.channel, command, configuration)
    if step.channel == SMS:
        content = configuration.sms.over(content)
    content = _without_what_nobody_sends(content, step.channel, serving, command)
    usable = UsableStep(step, address, senders.get(step.channel), content, serving, filled)
    return _why_unsayable(usable, command) or usable


def _unserved(step: Step, command: SendMessage, configuration: HeraldFile) -> UnusableError:
    if configuration.serving(step, command.tenant):
        return UnusableError("to", f"no account on {step.channel} takes numbers like this one")
    return UnusableError("route", f"no account on {step.channel} serves this tenant")


def _fill_in(
    content: ChannelContent, channel: str, command: SendMessage, configuration: HeraldFile
) -> tuple[ChannelContent, Filled | None]:
    try:
        return fill_in(content, channel, command, configuration)
    except UnfillableError as error:
        at = ".".join(filter(None, ("template", error.field)))
        raise UnusableError(_content_field(channel, at, command), error.reason) from None


def _without_what_nobody_sends(
    content: ChannelContent, channel: str, serving: Iterable[Account], command: SendMessage
) -> ChannelContent:
    """Let what is said on a channel instead stand for the rich parts that no account can send."""
    override = command.content.overrides.get(channel)
    if override is None or not override.says_something:
        return content
    lacking = frozenset.intersection(*(account.lacks(content) for account in serving))
    return without_parts(content, lacking - override.model_fields_set)


def _why_unsayable(usable: UsableStep, command: SendMessage) -> UnusableError | None:
    channel, content, serving = usable.step.channel, usable.content, usable.serving
    template = content.template
    # any of them may be chosen, so all must hold it
    held = template is not None and all(account.holds(template.name) for account in serving)
    problem = why_unsayable(channel, content, holds_template=held) or _why_too_rich(usable)
    for medium in {account.medium for account in serving} - {None}:
        problem = problem or why_unsayable(channel, content, holds_template=held, medium=medium)
    if problem is None:
        return _why_unsayable_outside(usable, command)
    return UnusableError(_field_of(usable, problem.part, command), problem.reason)


def _why_too_rich(usable: UsableStep) -> Unsayable | None:
    """Say which rich part keeps every account from the content."""
    if not all(account.lacks(usable.content) for account in usable.serving):
        return None  # mostly by the first of them
    part = min(usable.serving[0].lacks(usable.content))
    providers = ", ".join(sorted({account.provider for account in usable.serving}))
    return Unsayable(part, f"{providers} can't send {part} on {usable.step.channel}", "too_rich")


def _why_unsayable_outside(usable: UsableStep, command: SendMessage) -> UnusableError | None:
    template, serving = usable.content.outside_window, usable.serving
    if template is None or all(account.service_window is None for account in serving):
        return None
    problem = why_unsayable_outside(template, serving)
    if problem is None:
        return None
    return UnusableError(_field_of(usable, "outside_window", command), problem)


def _field_of(usable: UsableStep, part: str | None, command: SendMessage) -> str:
    """Name the field that says a part: the template, where it is one of its texts."""
    is_filled = usable.filled is not None and part in usable.filled.parts
    return _content_field(usable.step.channel, "template" if is_filled else part, command)


def _content_field(channel: str, part: str | None, command: SendMessage) -> str:
    """Name the field that says a part of what is said on a channel."""
    override = command.content.overrides.get(channel)
    field = (part or "").partition(".")[0]
    overridden = override is not None and field in override.model_fields_set
    at = ("content", *(("overrides", channel) if overridden else ()), part)
    return ".".join(filter(None, at))


def _common_field(fields: set[str]) -> str:
    """Return the field that all unusable steps have in common."""
    if len(fields) == 1:
        return fields.pop()
    of_content = all(field.split(".")[0] == "content" for field in fields)
    return "content" if of_content else "route"
