"""Operators' commands at the door: who may give them, and what they ask. Pure."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError

from herald.config.file import HeraldFile
from herald.contracts.operator_commands import OperatorCommand
from router.intake import Envelope, Rejection, check_envelope, rejection
from router.planning import UnusableError

CommandT = TypeVar("CommandT", bound=OperatorCommand)


def read_operator(
    envelope: Envelope, model: type[CommandT], configuration: HeraldFile
) -> CommandT | Rejection:
    """Read an operator's command; who is none learns nothing of what it would have done."""
    try:
        check_envelope(envelope)
        _check_operator(envelope, configuration)
        return model.model_validate_json(envelope.body)
    except (ValidationError, UnusableError) as error:
        return rejection(envelope, error, configuration)


def _check_operator(envelope: Envelope, configuration: HeraldFile) -> None:
    if not configuration.operators.users:
        raise UnusableError("user", "not an operator: [operators] names no users")
    if not configuration.is_operator(envelope.user):
        who = "this broker user is" if envelope.user else "a command without user_id is"
        raise UnusableError("user", f"{who} not an operator's")
