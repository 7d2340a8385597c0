"""The ledger: what it writes, how requests share an fsync, and a write that fails."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from unittest.mock import patch

import pytest

from sandbox.ledger import Ledger


async def _record(ledger: Ledger, to: str = "+15550001234") -> None:
    await ledger.record(
        provider="twilio", channel="sms", account="main", to=to, attempt="a", reference="SM1"
    )


async def test_group_shares_an_fsync(tmp_path: Path) -> None:
    """Requests that wait together are written together: far fewer fsyncs than requests."""
    ledger = Ledger(tmp_path / "requests.jsonl")
    await ledger.start()
    with patch("sandbox.ledger.os.fsync", wraps=os.fsync) as fsync:
        await asyncio.gather(*(_record(ledger, f"+1555000{n}") for n in range(1000, 1200)))
    await ledger.stop()
    written = [json.loads(line) for line in (tmp_path / "requests.jsonl").open()]
    assert [entry["to"] for entry in written] == [f"+1555000{n}" for n in range(1000, 1200)]
    assert fsync.call_count < 20


async def test_appends_to_what_is_there(tmp_path: Path) -> None:
    """A second run goes on in the same file."""
    for _ in range(2):
        ledger = Ledger(tmp_path / "requests.jsonl")
        await ledger.start()
        await _record(ledger)
        await ledger.stop()
    assert len((tmp_path / "requests.jsonl").read_text().splitlines()) == 2


async def test_disk_full() -> None:
    """A request that can't be written fails, is not listed, and the next one is tried again."""
    ledger = Ledger(Path("/dev/full"))
    await ledger.start()
    for _ in range(2):
        with pytest.raises(OSError, match="space"):
            await asyncio.wait_for(_record(ledger), timeout=2)
    assert ledger.entries(accepted=None) == []
    await ledger.stop()


async def test_stop_without_start(tmp_path: Path) -> None:
    """A ledger that never started can be stopped."""
    await Ledger(tmp_path / "requests.jsonl").stop()


def test_counts_tries_by_channel_and_recipient(tmp_path: Path) -> None:
    """Tries are counted for each channel and recipient apart."""
    ledger = Ledger(tmp_path / "requests.jsonl")
    assert [ledger.tries("sms", "a"), ledger.tries("sms", "a")] == [0, 1]
    assert [ledger.tries("email", "a"), ledger.tries("sms", "b")] == [0, 0]
