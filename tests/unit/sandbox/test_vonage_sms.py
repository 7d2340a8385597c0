"""What Vonage's SMS API in the sandbox says of a text's parts."""

from __future__ import annotations

import pytest

from sandbox.providers.vonage_sms import parts_of


@pytest.mark.parametrize("end", ["00", "01", "FE", "FF"])
def test_each_part_has_an_id_of_its_own(end: str) -> None:
    """Whatever the first one ends with, which is the reference."""
    reference = f"802D1C6F82E645{end}"
    parts = parts_of({"text": "x" * 160 * 4}, reference)
    assert parts[0] == reference
    assert len(set(parts)) == 5
