"""Who may read, at the router."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

FilePath = Annotated[str, StringConstraints(min_length=1)]

_HOST_NAME = r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$|^[0-9a-f:]+$"  # or an address; without a port
HostName = Annotated[str, StringConstraints(pattern=_HOST_NAME)]


class ReadApiRules(BaseModel):
    """Who may read, at the router, what became of messages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens_file: FilePath | None = None  # who reads what, relative to herald.toml; none: nobody
    hosts: tuple[HostName, ...] = ()  # names it is called by, beside loopback's and its own address
