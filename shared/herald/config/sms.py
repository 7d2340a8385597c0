"""`[sms]` of `herald.toml`: how texts become SMS where a command does not say. Pure."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from herald.contracts.content import MOST_SEGMENTS, ChannelContent


class SmsRules(BaseModel):
    """What holds for every SMS whose command does not say otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    transliterate: bool = Field(
        default=False,
        description="Write what GSM-7 lacks with letters that it has, where that saves segments.",
    )
    most_segments: int | None = Field(
        default=None,
        ge=1,
        le=MOST_SEGMENTS,
        description="A text of more is not sent: its step is skipped. None: as many as it takes.",
    )

    def over(self, content: ChannelContent) -> ChannelContent:
        """Say in a content of this channel what its command leaves open."""
        changes: dict[str, object] = {}
        if content.transliterate is None and self.transliterate:
            changes["transliterate"] = True
        if content.most_segments is None and self.most_segments is not None:
            changes["most_segments"] = self.most_segments
        return content.model_copy(update=changes) if changes else content
