"""The keys of the links by which recipients unsubscribe."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

FilePath = Annotated[str, StringConstraints(min_length=1)]


class UnsubscribeRules(BaseModel):
    """The links that marketing mails carry, so that one click unsubscribes (RFC 8058)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key_files: tuple[FilePath, ...] = ()  # the first signs, all are good; none: no mail has a link
