"""An account in herald.toml: what it takes, what it refuses, what it shows."""

from __future__ import annotations

import tomllib
from dataclasses import replace

from pydantic import ValidationError

from herald.conformance.checks import Check, Needs
from herald.conformance.trial import Trial
from herald.conformance.verdicts import NotMetError, require
from herald.providers.registry import example_of, webhooks_module
from herald.providers.subject_sending import Without

_LOOK = "account.py"
_MISSPELT = "option_of_tomorrow"


async def options(trial: Trial) -> None:
    """Take a valid account and its secrets, and name what is wrong with another."""
    account = trial.account()
    trial.secrets(account)
    require(account.folder == trial.subject.provider, "its provider", account.provider, _LOOK)
    for name in (_MISSPELT, *_required(trial)):
        given: dict[str, object] = {name: 1 if name == _MISSPELT else None}
        fields = _wrong_fields(trial, given)
        require(name in fields, f"an error that names {name}", fields or "no error", _LOOK)


async def secrets(trial: Trial) -> None:
    """Refuse a secrets file with a field that nobody knows, or an empty secret, by its name."""
    account = trial.account()
    trial.secrets(account)
    for name, value in ((_MISSPELT, "x"), *((name, "") for name in trial.subject.secrets)):
        given = [""] if isinstance(trial.subject.secrets.get(name), list) else value
        try:
            trial.secrets(account, {name: given})
        except ValidationError as error:
            named = {str(part) for line in error.errors() for part in line["loc"]}
            require(name in named, f"an error that names {name}", named, _LOOK)
        else:
            raise NotMetError(f"an error about {name}", "none", _LOOK)


async def hides_secrets(trial: Trial) -> None:
    """Show no secret where an account, its secrets or its endpoint is written out."""
    account = trial.account()
    made = trial.secrets(account)
    shown = {"the account": repr(account), "its secrets": f"{made!r} {made}"}
    if not isinstance(trial.subject.webhooks, Without):
        shown["its endpoint"] = repr(trial.endpoint())
    for what, text in shown.items():
        for secret in made.values():
            require(secret not in text, f"no secret in {what}", "one", "field(repr=False)")


async def webhooks(trial: Trial) -> None:
    """Say how long the provider waits before it calls again, exactly where it calls at all."""
    gap = trial.account().webhook_retry_gap
    calls = webhooks_module(trial.subject.provider) is not None
    is_so = (gap is not None) == calls
    require(is_so, f"webhook_retry_gap {'set' if calls else 'None'}", gap, _LOOK)


async def example(trial: Trial) -> None:
    """Give `herald init` what it asks for, and write what an account and its secrets take."""
    look = "example.py"
    found, account = example_of(trial.reported), trial.account()
    names = [question.name for question in found.options]
    unknown = set(names) - type(account).model_fields.keys()
    require(not unknown, "questions about the account's options", unknown, look)
    written = tomllib.loads(found.secrets.replace("{token}", "token"))
    unknown = set(written) - account.secrets_model.model_fields.keys()
    require(not unknown, "secrets that the account has", unknown, look)


def _required(trial: Trial) -> list[str]:
    fields = type(trial.account()).model_fields
    return [name for name, field in fields.items() if field.is_required() and name != "provider"]


def _wrong_fields(trial: Trial, given: dict[str, object]) -> set[str]:
    """Name the options that a wrong account's errors are about; None: the option is left out."""
    left_out = {name for name, value in given.items() if value is None}
    kept = {n: v for n, v in trial.subject.options.items() if n not in left_out}
    others = {name: value for name, value in given.items() if value is not None}
    try:
        Trial(replace(trial.subject, options=kept)).account(others)
    except ValidationError as error:
        return {str(part) for line in error.errors() for part in line["loc"]}
    return set()


ACCOUNT = Needs.ACCOUNT
CHECKS = (
    Check("account_options", "A wrong option is an error that names it.", ACCOUNT, options),
    Check("account_secrets", "A wrong secret is an error that names it.", ACCOUNT, secrets),
    Check("account_hides_secrets", "No secret is written out.", ACCOUNT, hides_secrets),
    Check("account_webhook_gap", "It says when it calls again, if it calls.", ACCOUNT, webhooks),
    Check("account_example", "`herald init` can begin an account with it.", ACCOUNT, example),
)
