"""`[media]` of `herald.toml`: what may be fetched for messages, and from where. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from herald.contracts.durations import Duration
from herald.contracts.identifiers import ConfiguredName
from herald.egress.configuration import EgressRules, Pool
from herald.files.addresses import Network

MEBIBYTE = 1024 * 1024
# Half of what a claim has beyond its provider's time limit: the call and its record need the rest.
LONGEST = timedelta(seconds=10)


def _network(value: str) -> str:
    return str(ip_network(value))


Port = Annotated[int, Field(ge=1, le=65_535)]
# a name, or `.example.com` for all names under it
Host = Annotated[
    str, StringConstraints(to_lower=True, pattern=r"^\.?[A-Za-z0-9]([A-Za-z0-9.:-]{0,252})$")
]


class MediaRules(BaseModel):
    """How files are fetched that a provider takes as bytes: sizes in MiB."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    largest: int = Field(default=25, ge=1, le=1024)  # one file
    largest_together: int = Field(default=30, ge=1, le=1024)  # those of one message
    # What is made of a file, such as base64 in a request, is about three times as much beside it:
    # so a container of 512 MiB has room for the default.
    memory: int = Field(
        default=64, ge=1, description="Of all files that one worker holds at a time."
    )
    timeout: Duration = LONGEST  # all files of a message; within the claim of its call
    hosts: tuple[Host, ...] = ()  # only these, `.example.com` for all under it; none: any
    ports: tuple[Port, ...] = (443,)  # that links and redirects may name
    private_networks: tuple[Annotated[str, AfterValidator(_network)], ...] = Field(
        default=(), description="Networks that are fetched from beside the public ones."
    )
    allow_cleartext: bool = False  # also follow redirects to http://, on one of the ports
    egress: ConfiguredName | None = Field(
        default=None, description="The egress pool or member to fetch by; none: the default one."
    )

    @property
    def networks(self) -> tuple[Network, ...]:
        """The networks beside the public ones."""
        return tuple(ip_network(each) for each in self.private_networks)

    @model_validator(mode="after")
    def _plausible(self) -> MediaRules:
        if not timedelta(0) < self.timeout <= LONGEST:
            raise ValueError(f"timeout: more than 0s, at most {LONGEST.seconds}s")
        if self.largest_together < self.largest:
            raise ValueError("largest_together: less than largest")
        if self.memory < self.largest_together:
            raise ValueError("memory: less than largest_together")
        return self

    def pool(self, egress: EgressRules) -> Pool | None:
        """Return the members to fetch by; None: as the machine does."""
        name = self.egress or egress.default
        if name is None:
            return None
        return egress.pools.get(name) or Pool(members=(name,))

    def problems(self, egress: EgressRules) -> Iterator[str]:
        """Say what does not fit, with its path."""
        if self.egress is not None and self.egress not in {*egress.pools, *egress.members}:
            yield f"media.egress: no pool or member {self.egress!r}"
