"""News about an account at its provider, as values: the same on the bus and in events. Pure."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from herald.contracts.vocabulary import LenientAccountTopic


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class TemplateUpdate(_Part):
    """The template it is about, and what changed of it."""

    id: str | None = None  # the provider's
    name: str | None = None  # as messages name it
    language: str | None = None  # likewise
    category: str | None = None  # as it is now, in the provider's words
    previous_category: str | None = None  # as it was
    quality: str | None = None  # as it is now, in the provider's words
    previous_quality: str | None = None  # as it was


class AccountUpdate(_Part):
    """What is new. Words are the provider's own, such as `APPROVED` or `TIER_1K`."""

    topic: LenientAccountTopic  # what it is about
    name: str  # the provider's name of this kind of news
    status: str | None = None  # how it is now, or what happened
    reason: str | None = None  # why, without addresses
    template: TemplateUpdate | None = None  # with a template's topics
    number: str | None = None  # the number of ours it is about, in E.164
    limit: str | None = None  # how many messages may be sent now
    previous_limit: str | None = None  # before
    restrictions: list[str] = Field(default_factory=list)  # what is not allowed any more
