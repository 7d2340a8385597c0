"""What the files of a new deployment hold: `herald.toml`, and secrets to be filled in. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from herald.config.ingress import IngressRules
from herald.providers.examples import Example, Question, placeholder
from herald.providers.rates import written
from herald.providers.registry import PROFILED, example_of, model_of, offered

PUBLIC_BASE_URL = Question(
    name="public_base_url",
    about="the https URL at which providers reach ingress, e.g. https://hooks.example.com",
    help="The https URL at which providers reach ingress.",
    model=IngressRules,
)


def all_questions() -> list[Question]:
    """Return what may have to be known, over all providers, each once."""
    return questions(offered())


def questions(providers: Sequence[str]) -> list[Question]:
    """Return what has to be known for accounts at these providers, each once."""
    asked: dict[str, Question] = {}
    chosen = [example_of(name) for name in providers]
    for one in chosen:
        for question in (*one.options, one.sender):
            if question is not None:
                asked.setdefault(question.parameter, question)
    if any(model_of(name).webhook_retry_gap is not None for name in providers):
        asked[PUBLIC_BASE_URL.name] = PUBLIC_BASE_URL
    return list(asked.values())


def secrets_files(providers: Sequence[str], token: str) -> dict[str, str]:
    """Return the text of each account's secrets file, by its path beside herald.toml."""
    chosen = (example_of(name) for name in providers)
    return {f"secrets/{one.account}.toml": one.secrets.replace("{token}", token) for one in chosen}


def herald_toml(tenant: str, providers: Sequence[str], answers: Mapping[str, str]) -> str:
    """Write herald.toml for one tenant, with answers by the questions' parameters.

    What is not answered is a placeholder.
    """
    chosen = [example_of(name) for name in providers]
    values = {
        question.parameter: answers.get(question.parameter) or placeholder(question.about)
        for question in questions(providers)
    }
    parts = [_HEAD.format(tenant=tenant)]
    senders = list(_senders(chosen, values))
    parts.append(_TENANT.format(tenant=tenant, sender='sender = "default"\n' if senders else ""))
    if senders:
        parts.append(_SENDER.format(tenant=tenant, channels="\n".join(senders)))
    parts += [_account(name, tenant, values) for name in providers]
    parts.append(_ROUTE.format(tenant=tenant, steps="\n".join(_steps(chosen))))
    if PUBLIC_BASE_URL.name in values:
        parts.append(_INGRESS.format(url=_toml(values[PUBLIC_BASE_URL.name])))
    return "\n".join([*parts, _FILES])


def _senders(chosen: Sequence[Example], values: Mapping[str, str]) -> Iterator[str]:
    lines = {one.channel: one.sender for one in chosen if one.sender is not None}
    for channel, question in lines.items():
        yield f"{channel} = {_toml(values[question.parameter])}"


def _account(provider: str, tenant: str, values: Mapping[str, str]) -> str:
    one = example_of(provider)
    lines = [
        f"# {one.title[0].upper()}{one.title[1:]}.",
        f"[accounts.{one.account}]",
        *_provider(provider, one),
        f'tenants = ["{tenant}"]',
    ]
    for option in one.options:
        value = _toml(values[option.parameter])
        lines.append(f"{option.name} = {f'[{value}]' if option.is_list else value}")
    lines.append(_rates(provider, one.channel))
    return "\n".join([*lines, f'secrets_file = "secrets/{one.account}.toml"', ""])


def _provider(name: str, one: Example) -> Iterator[str]:
    if one.profile is None:
        yield f'provider = "{name}"'
    else:
        yield f'provider = "{PROFILED}"'
        yield f'profile = "{one.profile}"'


def _rates(provider: str, channel: str) -> str:
    """Say how fast the account is called unless the line is changed."""
    account = model_of(provider)
    default = account.profile_for(None, channel)
    for kind, profile in account.profiles.items():
        if profile is default:
            return f'# number_kind = "{kind}"   # how fast it is called: docs/limits.md'
    return f'# rate = "{written(default.rate)}"   # how fast it is called: docs/limits.md'


def _steps(chosen: Sequence[Example]) -> Iterator[str]:
    channels = list(dict.fromkeys(one.channel for one in chosen))
    for channel in channels[:-1]:
        yield f'    {{channel = "{channel}", fallback_after = "60s"}},'
    yield f'    {{channel = "{channels[-1]}"}},'


def _toml(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)  # also a basic string of TOML


_HEAD = """\
# herald.toml: all of Herald's settings, except where its servers are (environment) and its secrets
# (files). `herald config check` prints every error; restart services after a change. What is not
# written here has its default: docs/configuration.md has every setting.
"""
_TENANT = """\
# A tenant is a user of the gateway; commands that name none mean `default`.
[tenants.{tenant}]
route = "default"
{sender}# users = ["{tenant}"]   # broker users who may command for it; none named: any

# Broker users who may send messages again, replay dead letters and erase recipients.
[operators]
users = []
"""
_SENDER = """\
# What each channel sends from.
[senders.default]
tenants = ["{tenant}"]
{channels}
"""
_ROUTE = """\
# The channels to try, in order: the next one after an error, or after silence.
[routes.default]
tenants = ["{tenant}"]
steps = [
{steps}
]
"""
_INGRESS = """\
[ingress]
public_base_url = {url}
"""
_FILES = """\
# Who may read what became of messages: `herald token` adds to the file. Beside loopback's, `hosts`
# names what the router is called by.
[read_api]
tokens_file = "secrets/tokens.toml"
# hosts = ["router.internal"]

# Phone numbers and e-mail addresses are masked and hashed with it: every service needs the same.
[masking]
key_file = "secrets/masking.key"

# Access tokens of accounts with `oauth` are sealed with them in the database: docs/sessions.md.
[sessions]
keys_file = "secrets/session-keys.toml"
"""
