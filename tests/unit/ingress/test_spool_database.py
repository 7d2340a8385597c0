"""The spool's file: what it holds after crashes, how much, and for whom."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.bus.outgoing_messages import OutgoingMessage
from ingress.spool.database import PAGE_BYTES, SpoolDatabase, SpoolUnusableError

ROOM = 100 * PAGE_BYTES
texts = st.text(st.characters(exclude_categories=["Cs"]))
messages = st.builds(
    OutgoingMessage,
    exchange=texts,
    routing_key=texts,
    body=st.binary(),
    message_id=texts,
    type=texts,
    correlation_id=st.none(),  # nothing of ingress has one
    headers=st.dictionaries(texts, texts),
    mandatory=st.just(True),
)


def message(name: str, body: bytes = b"{}") -> OutgoingMessage:
    return OutgoingMessage("herald.receipts", "attempt.sms", body, name, "type")


def names(database: SpoolDatabase) -> list[str]:
    return [waiting.message_id for _, waiting in database.oldest(1000)]


@given(kept=st.lists(messages, min_size=1))
def test_messages_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, kept: list[OutgoingMessage]
) -> None:
    """Whatever messages hold, they come back in order."""
    database = SpoolDatabase(tmp_path_factory.mktemp("spool"), ROOM)
    database.add(kept)
    assert [waiting for _, waiting in database.oldest(1000)] == kept
    database.close()


def test_what_was_added_outlives_a_killed_process(tmp_path: Path) -> None:
    """A process that is killed as soon as `add` has returned leaves all of it to the next one."""
    program = f"""
import os, signal
from pathlib import Path
from herald.bus.outgoing_messages import OutgoingMessage
from ingress.spool.database import SpoolDatabase
database = SpoolDatabase(Path({str(tmp_path)!r}), {ROOM})
for name in "abc":
    database.add([OutgoingMessage("exchange", "key", b"{{}}", name, "type")])
os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", program], check=False)
    assert ended.returncode == -signal.SIGKILL
    database = SpoolDatabase(tmp_path, ROOM)
    assert names(database) == ["a", "b", "c"]
    assert database.oldest_at is not None
    database.close()


def test_a_torn_write_takes_nothing_else_with_it(tmp_path: Path) -> None:
    """A group that reached the disk in part is not there; what came before and after it is."""
    database = SpoolDatabase(tmp_path / "running", ROOM)
    database.add([message("before")])
    log = tmp_path / "running" / "spool.sqlite-wal"
    whole = log.stat().st_size
    database.add([message("torn", b"x" * 3 * PAGE_BYTES)])
    shutil.copytree(tmp_path / "running", tmp_path / "crashed")
    with (tmp_path / "crashed" / log.name).open("r+b") as file:
        file.truncate((whole + log.stat().st_size) // 2)
    after = SpoolDatabase(tmp_path / "crashed", ROOM)
    assert names(after) == ["before"]
    after.add([message("after")])
    assert names(after) == ["before", "after"]
    after.close()
    database.close()


def test_each_transaction_is_synced(tmp_path: Path) -> None:
    """SQLite is asked to sync its log at each commit, which alone makes `add` safe."""
    database = SpoolDatabase(tmp_path, ROOM)
    asked = [
        database._sqlite.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous")
    ]
    assert asked == ["wal", 2]
    database.close()


def test_a_full_spool_takes_nothing_until_there_is_room(tmp_path: Path) -> None:
    """A group that finds no room leaves nothing of itself; removing others makes room."""
    database = SpoolDatabase(tmp_path, 10 * PAGE_BYTES)
    database.add([message("a", b"x" * 4 * PAGE_BYTES)])
    large = [message("small"), message("b", b"x" * 6 * PAGE_BYTES)]
    with pytest.raises(sqlite3.OperationalError, match="full"):
        database.add(large)
    assert names(database) == ["a"]
    [(place, _)] = database.oldest(1)
    database.remove(place)
    database.add(large)
    assert names(database) == ["small", "b"]
    assert 6 * PAGE_BYTES < database.bytes <= 10 * PAGE_BYTES
    database.close()


def test_nothing_stays_in_an_empty_spool(tmp_path: Path) -> None:
    """What was removed can't be read in the directory's files either, and they are small."""
    database = SpoolDatabase(tmp_path, ROOM)
    database.add([message("a", b"somebody's words" * 1000)])
    [(place, _)] = database.oldest(1)
    database.remove(place)
    assert (database.bytes, database.oldest_at) == (0, None)
    contents = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"somebody" not in contents
    assert len(contents) <= 4 * PAGE_BYTES
    database.close()


def test_a_directory_has_one_user(tmp_path: Path) -> None:
    """A second process is refused, so that nothing is drained twice."""
    database = SpoolDatabase(tmp_path, ROOM)
    with pytest.raises(SpoolUnusableError, match="another process uses it"):
        SpoolDatabase(tmp_path, ROOM)
    database.close()
    SpoolDatabase(tmp_path, ROOM).close()


def test_a_directory_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    """The error says where and why."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolUnusableError, match=r"file/spool: Not a directory"):
        SpoolDatabase(tmp_path / "file" / "spool", ROOM)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    """A damaged file is refused, not written over."""
    (tmp_path / "spool.sqlite").write_bytes(b"something else" * 1000)
    with pytest.raises(SpoolUnusableError, match="not a database"):
        SpoolDatabase(tmp_path, ROOM)


def test_what_an_earlier_version_left_is_named(tmp_path: Path) -> None:
    """Files that only an earlier version can put on the bus are not passed over in silence."""
    (tmp_path / "00000000000000000001.segment").write_bytes(b"a line\n")
    with pytest.raises(SpoolUnusableError, match=r"earlier version.* 0+1\.segment"):
        SpoolDatabase(tmp_path, ROOM)


def test_only_its_user_may_read_it(tmp_path: Path) -> None:
    """Bodies and numbers are in it: neither directory nor files are for others."""
    directory = tmp_path / "spool"
    database = SpoolDatabase(directory, ROOM)
    database.add([message("a")])
    database.set_aside([message("bad")])
    files = {path.name: path.stat().st_mode & 0o077 for path in directory.iterdir()}
    assert files == dict.fromkeys(("spool.sqlite", "spool.sqlite-wal", "spool.unreadable"), 0)
    assert directory.stat().st_mode & 0o077 == 0
    database.close()


def test_it_knows_how_many_messages_wait(tmp_path: Path) -> None:
    """Also after a restart, and when some found no room."""
    database = SpoolDatabase(tmp_path, ROOM)
    database.add([message("a"), message("b"), message("c")])
    with pytest.raises(sqlite3.OperationalError):
        database.add([message("large", b"x" * 2 * ROOM)])
    assert database.messages == 3
    database.remove(database.oldest(2)[-1][0])
    assert database.messages == 1
    database.close()
    database = SpoolDatabase(tmp_path, ROOM)
    assert database.messages == 1
    database.close()
