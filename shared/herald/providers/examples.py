"""What `herald init` asks about a provider and writes for it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

PLACEHOLDER_BEGIN, PLACEHOLDER_END = "<fill in: ", ">"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A value that only the owner of the deployment knows."""

    name: str  # of the answer, and of the model's field
    about: str  # what it is, and where it is found
    help: str  # of its flag
    flag: str = ""  # where the name says too little
    model: type[BaseModel] | None = None  # whose field says what it may be; None: anything
    is_list: bool = False  # of one value or more

    @property
    def parameter(self) -> str:
        """Its flag as a name of Python's."""
        return self.flag or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """How an account at a provider begins."""

    title: str
    account: str  # its name
    channel: str
    options: tuple[Question, ...]  # of its table in herald.toml
    sender: Question | None  # what the channel sends from; None: the account itself
    secrets: str  # the text of its secrets file; `{token}` is a random text
    profile: str | None = None  # where its provider is described by one
    environment: str = ""  # what services need in their environment for it: a variable, and why


EMAIL_FROM = Question(
    name="email_from",
    about="Name <no-reply@your.domain>, of verified senders",
    help="Name <address> of e-mails.",
)


def placeholder(what: str) -> str:
    """Write what stands in for a value until somebody who knows it writes it."""
    return f"{PLACEHOLDER_BEGIN}{what}{PLACEHOLDER_END}"
