"""A provider is known to its own folder, to one line of the registry and to nobody else.

What folders of providers say of each other is left to the import rules: SendGrid's headers are
named after Twilio.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from herald.providers.http.loading import shipped_names
from herald.providers.registry import NAMES, PROFILED

ROOT = Path(__file__).parents[3]
SCHEMES = "shared/herald/providers/http/"
SOURCES = {
    path: path.read_text()
    for folder in ("services", "shared")
    for path in (ROOT / folder).rglob("*.py")
    if "sandbox" not in path.parts  # it plays the outside world
}


# the folder of profiles is called as the protocol is, and one provider as our command is that sends
# a message again: words of many
OF_MANY = {PROFILED, "resend"}


@pytest.mark.parametrize("name", sorted(set(NAMES) - OF_MANY))
def test_nobody_else_knows_a_providers_name(name: str) -> None:
    """No other module of a service, of the worker kit or of the command line holds the name."""
    word = re.compile(rf"(?<![A-Za-z]){name}(?![A-Za-z])")
    knowing = {
        str(path.relative_to(ROOT))
        for path, text in SOURCES.items()
        if not _is_a_providers(path) and word.search(text)
    }
    assert knowing == {"shared/herald/providers/registry.py"}


def _is_a_providers(path: Path) -> bool:
    folders = path.relative_to(ROOT).parts[:4]
    return folders[:3] == ("shared", "herald", "providers") and folders[3] in NAMES


@pytest.mark.parametrize("name", shipped_names())
def test_a_provider_with_a_profile_is_configuration_alone(name: str) -> None:
    """No module of Herald's holds the name, but where signatures are named after their inventor."""
    word = re.compile(rf"(?<![A-Za-z]){name}(?![A-Za-z])", re.IGNORECASE)
    knowing = {str(path.relative_to(ROOT)) for path, text in SOURCES.items() if word.search(text)}
    assert {path for path in knowing if not path.startswith(SCHEMES)} == set()
