"""From a message that failed or expired to the one that takes its place. Pure."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace
from pydantic_core import to_json

from herald.config.file import HeraldFile
from herald.contracts.commands import Recipient, Route, SendMessage, Step
from herald.contracts.content import ChannelContent, Content
from herald.contracts.durations import AUTO
from herald.contracts.identifiers import resend_id_for
from herald.contracts.masking import masking_key
from herald.contracts.operator_commands import ResendMessage
from herald.contracts.vocabulary import FailureClass, MessageStatus, Outcome, Status
from router.commands import Candidate, EndedMessage, Envelope, UnusableError
from router.core.message import Attempt, Message, PlannedStep, State, step_content_name
from router.core.states import ENDED, REACHED_ORDER, WITHDRAWABLE
from router.parsing.steps import PlannedSteps, plan_steps

KEY_PREFIX = "resend:"
_OVER = ENDED | WITHDRAWABLE  # nothing of such an attempt is at a provider any more
_WHY_NOT = {
    None: "it is under way: only failed and expired messages are sent again",
    Outcome.SUCCEEDED: "it has succeeded: only failed and expired messages are sent again",
    Outcome.CANCELLED: "it was cancelled: only failed and expired messages are sent again",
}


def resend(
    envelope: Envelope,
    command: ResendMessage,
    ended: EndedMessage,
    configuration: HeraldFile,
    now: datetime,
) -> Candidate:
    """Make the message that takes the place of `ended`, with the life of its category.

    Raises:
        UnusableError: it is not to be sent again, or can't be.
    """
    old = ended.message
    _check(command, ended)
    planned = _steps(ended, configuration)
    contents = {step.channel: ended.contents[step.channel] for step in planned.steps}
    ttl = configuration.rules_for(old.plan.category).ttl
    plan = replace(
        old.plan,
        steps=planned.steps,
        expires_at=now + ttl,
        send_at=None,
        resent_from=old.id,
        trace=envelope.trace,
    )
    return Candidate(
        envelope=envelope,
        message=Message(
            id=resend_id_for(old.id),
            tenant=old.tenant,
            idempotency_key=f"{KEY_PREFIX}{old.id}",
            created_at=now,
            plan=plan,
            state=State(expire_at=plan.expires_at),
        ),
        contents=to_json({**contents, **planned.outside}, exclude_none=True),
        command_hash=ended.command_hash,
        address_hashes=masking_key().hashes(step.address for step in plan.steps),
        skipped=planned.skipped,
    )


def may_have_arrived(attempt: Attempt) -> bool:
    """Whether an attempt may have reached the recipient, or still may."""
    if attempt.failure is not None and attempt.failure.failure_class is FailureClass.AMBIGUOUS:
        return True
    seen = MessageStatus.READ if attempt.status is Status.BOUNCED else MessageStatus.DELIVERED
    return attempt.status not in _OVER or (REACHED_ORDER[attempt.reached] >= REACHED_ORDER[seen])


def _check(command: ResendMessage, ended: EndedMessage) -> None:
    field = "id" if command.id is not None else "idempotency_key"
    old = ended.message
    if old.outcome in _WHY_NOT:
        raise UnusableError(field, _WHY_NOT[old.outcome])
    if old.is_erased:
        raise UnusableError(field, "what it says was erased")
    arrived = next(filter(may_have_arrived, old.state.attempts), None)
    if arrived is not None and not command.force:
        why = f"its attempt on {arrived.channel} may have reached the recipient"
        raise UnusableError("force", f"{why}: only force sends it again")


def _steps(ended: EndedMessage, configuration: HeraldFile) -> PlannedSteps:
    """Plan with today's route and sender of the same names, or else as it was planned."""
    plan = ended.message.plan
    if plan.route is not None:
        try:
            command = _command(ended, plan.route, configuration)
            return plan_steps(command, configuration, fills=False)
        except UnusableError:
            pass  # route or sender are gone, or lead nowhere any more
    served = tuple(
        _step(step, ended.contents.get(step_content_name(step.channel, number)))
        for number, step in enumerate(plan.steps, start=1)
        if _is_served(step, configuration)
    )
    if not served:
        raise UnusableError("route", "nothing serves the channels of its steps any more")
    route = Route.model_construct(steps=served)
    command = _command(ended, route, configuration)
    planned = plan_steps(command, configuration, fills=False)
    senders = {step.channel: step.sender for step in plan.steps}
    steps = tuple(replace(step, sender=senders[step.channel]) for step in planned.steps)
    return replace(planned, steps=steps)


def _command(ended: EndedMessage, route: str | Route, configuration: HeraldFile) -> SendMessage:
    """Say again what the message's command said, as far as it was stored: by channel."""
    plan, known = ended.message.plan, configuration.channels
    addresses = {step.channel: step.address for step in plan.steps}
    contents = {name: said for name, said in ended.contents.items() if name in known}
    return SendMessage.model_construct(
        tenant=ended.message.tenant,
        to=Recipient.model_construct(
            addresses={name: to for name, to in addresses.items() if to and name in contents}
        ),
        content=Content.model_construct(overrides=contents),
        route=route,
        sender=plan.sender if isinstance(route, str) else None,
        category=plan.category,
    )


def _is_served(step: PlannedStep, configuration: HeraldFile) -> bool:
    account_is_known = step.account is None or step.account in configuration.accounts
    return step.channel in configuration.channels and account_is_known


def _step(planned: PlannedStep, outside: ChannelContent | None) -> Step:
    return Step.model_construct(
        channel=planned.channel,
        account=planned.account,
        success_on=planned.success_on,
        fallback_after=AUTO if planned.learns_fallback else planned.fallback_after,
        start_within=planned.start_within,
        fallback_on=planned.fallback_on,
        outside_window=outside.template if outside else None,
    )
