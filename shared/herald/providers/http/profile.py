"""A profile: what a provider that is called over HTTP looks like, as TOML says it.

The models are the vocabulary; `loading` reads a file, `checks` looks at what needs more than one
part of it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from herald.contracts.content.mediums import Medium
from herald.contracts.durations import Duration
from herald.contracts.identifiers import ChannelName
from herald.contracts.vocabulary import Receipts
from herald.providers.http.placeholders import Text
from herald.providers.http.sending_rules import ErrorRules, ResponseRules, Rules, SendRules
from herald.providers.http.webhook_rules import WebhookRules
from herald.providers.rates import PairRate, Rate

NAME_PATTERN = r"^[a-z][a-z0-9_]{0,31}$"
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]


RichPart = Literal["buttons", "link", "location"]


class Option(Rules):
    """What an account at the provider says of itself in herald.toml: `[options.<name>]`."""

    about: str = ""  # what it is, and where it is found
    kind: Literal["text", "url"] = "text"  # a `url` is the base of others
    pattern: str | None = Field(default=None, max_length=200)  # a regular expression for all of it
    default: Text | None = None  # a text, with other options as `{name}`; none: it is required


class Secret(Rules):
    """What an account's secrets file holds: `[secrets.<name>]`."""

    about: str = ""  # what it is, and where it is found
    several: bool = False  # a list: the first is used in calls, all are taken in webhooks
    optional: bool = False  # may be left out


class Rates(Rules):
    """How fast the platform lets itself be called: `[rates]`, `[kinds.<kind of number>]`."""

    account: Rate  # calls: `80/s`, `600/m`, `10000/h`
    sender: Rate | None = None  # calls from each sender; none: not limited apart
    pair: PairRate = None  # calls to one recipient; none: not limited
    pair_burst: float = Field(default=1, ge=1, le=100_000)  # calls at once to one after a pause
    egress: Rate | None = None  # calls from one address of ours


class Profile(Rules):
    """All of a profile."""

    name: Name  # what the provider is called in events, metrics and its webhooks' path
    title: str = Field(min_length=1, max_length=80)  # what `herald init` calls it
    channels: tuple[ChannelName, ...] = Field(min_length=1)  # that an account may serve
    receipts: Receipts = Receipts.NONE  # the furthest status that it reports
    answers: Literal["own", "any"] | None = None  # what a message can be marked as an answer to
    templates: str | None = None  # how names of templates that it holds begin; none: it has none
    service_window: Duration | None = None  # how long after a recipient wrote it takes texts
    options: dict[Name, Option] = Field(default_factory=dict, max_length=20)  # of an account
    secrets: dict[Name, Secret] = Field(default_factory=dict, max_length=10)  # of an account
    rates: Rates  # how fast it may be called
    kinds: dict[Name, Rates] = Field(default_factory=dict)  # the same, by `number_kind`
    medium: Medium | None = None  # what it can say, where that is less than its channel, or new
    rich: tuple[RichPart, ...] = ()  # what it can say beside texts and files
    send: SendRules  # the call that sends a message
    response: ResponseRules  # what its response means
    errors: ErrorRules = Field(default_factory=ErrorRules)  # what errors mean
    webhooks: WebhookRules | None = None  # how it calls us; none: it never does
