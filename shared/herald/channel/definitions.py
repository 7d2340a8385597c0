"""What makes a channel: its name, how its content is rendered, and the port of its operations.

A package defines one under the entry point group `herald.channels`; a channel that none defines has
no content rules of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Protocol

from herald.contracts.content.mediums import MEDIUMS, why_unsayable
from herald.contracts.failures import Failure
from herald.contracts.work import Work
from herald.providers.rendered import Rendered

GROUP = "herald.channels"
OPERATIONS_PORT = 8006  # of a channel that names none


class Render(Protocol):
    """Renders what a message says, or says why its channel can't say it.

    `holds_template`: the account that makes the call holds the content's template, which is then
    sent instead of all else; otherwise it is ignored.
    """

    def __call__(self, work: Work, *, holds_template: bool) -> Rendered | Failure: ...


def as_it_is(work: Work, *, holds_template: bool) -> Rendered | Failure:
    """Give the content as it is, if it says anything."""
    problem = why_unsayable(work.channel, work.content, holds_template=holds_template)
    return work.content if problem is None else problem.failure


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelDefinition:
    """One channel."""

    name: str
    render: Render = as_it_is
    operations_port: int = OPERATIONS_PORT


class NotInstalledError(Exception):
    """A channel's content rules are not installed; the text names their package."""


def definition_of(channel: str) -> ChannelDefinition:
    """Return what an installed package defines, or a channel without content rules.

    Raises:
        NotInstalledError: the channel can't do without the rules of its package.
    """
    found: Any = next(iter(entry_points(group=GROUP, name=channel)), None)
    if found is not None:
        definition: ChannelDefinition = found.load()
        return definition
    if channel in MEDIUMS:
        raise NotInstalledError(f"{channel} needs its content rules: herald-channel-{channel}")
    return ChannelDefinition(name=channel)
