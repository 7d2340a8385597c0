"""The page about channels names every provider that serves one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from herald.providers.registry import model_of, offered

PAGE = Path(__file__).parents[3] / "docs" / "channels.md"


def test_each_channel_names_all_its_providers() -> None:
    """A provider that is left out is one that nobody chooses."""
    table = PAGE.read_text().partition("## Providers of a channel\n")[2].partition("\n## ")[0]
    said = {
        (channel, provider)
        for channel, row in re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.MULTILINE)
        for provider in re.findall(r"`(\w+)`", row)
    }
    there = {
        (channel, provider)
        for provider in offered()
        for channel in get_args(model_of(provider).model_fields["channel"].annotation)
    }
    assert there <= said
    assert {channel for channel, _ in there} == {channel for channel, _ in said}
