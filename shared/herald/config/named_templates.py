"""What a command's template comes to, where herald.toml has it. Pure."""

from __future__ import annotations

from herald.config.file import HeraldFile
from herald.contracts.commands import SendMessage
from herald.contracts.content import ChannelContent
from herald.templates.filled import Filled, UnfillableError


def fill_in(
    content: ChannelContent, channel: str, command: SendMessage, configuration: HeraldFile
) -> tuple[ChannelContent, Filled | None]:
    """Return what is said on a channel, with the texts of its template, and which these are.

    A template that herald.toml does not have is left to the provider that may hold it. What a
    command says on this channel alone stays as it is, unless it names the template there.

    Raises:
        UnfillableError: the version or a variable does not suit.
    """
    asked = content.template
    if asked is None:
        return content, None
    filler = configuration.templates.filler
    template = None if filler is None else filler.find(asked.name, command.tenant)
    if filler is None or template is None:
        if asked.version is not None:
            raise UnfillableError("version", "only templates in herald.toml have versions")
        return content, None
    language = asked.language if "language" in asked.model_fields_set else None
    filled = filler.fill(template, asked, (language, command.to.locale), channel)
    override = command.content.overrides.get(channel)
    own = frozenset(() if override is None else override.model_fields_set)
    return filled.over(content, frozenset() if "template" in own else own), filled
