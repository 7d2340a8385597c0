"""The spool's lines and files."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.bus.outgoing_messages import OutgoingMessage
from ingress.spool import segments as spooling
from ingress.spool.records import frame_of, line_of
from ingress.spool.segments import FullError, Segments, SpoolUnusableError

LINE = b"one line\n"
texts = st.text(st.characters(exclude_categories=["Cs"]))
frames = st.builds(
    OutgoingMessage,
    exchange=texts,
    routing_key=texts,
    body=texts.map(str.encode),
    message_id=texts,
    type=texts,
    headers=st.dictionaries(texts, texts),
)


@given(frame=frames)
def test_a_frame_is_one_line_and_comes_back(frame: OutgoingMessage) -> None:
    """Whatever a frame holds, its line ends once, at its end, and gives the same frame."""
    line = line_of(frame)
    assert line.index(b"\n") == len(line) - 1
    assert frame_of(line) == frame


@given(frame=frames, cut=st.integers(min_value=0), flip=st.integers(min_value=0))
def test_a_damaged_line_is_no_frame(frame: OutgoingMessage, cut: int, flip: int) -> None:
    """A line that was cut short, or has one bit changed, is refused."""
    line = line_of(frame).rstrip(b"\n")
    position = flip % len(line)
    changed = bytes([line[position] ^ 1])
    for damaged in (line[: cut % len(line)], line[:position] + changed + line[position + 1 :]):
        with pytest.raises(ValueError, match=r"checksum|not a frame"):
            frame_of(damaged)


def test_what_was_added_outlives_the_process(tmp_path: Path) -> None:
    """The next process finds the lines, oldest file first, and how much they are."""
    first = Segments(tmp_path / "new" / "spool", 1000)
    first.append([LINE, LINE])
    first.close()
    second = Segments(tmp_path / "new" / "spool", 1000)
    second.append([b"newer\n"])
    assert second.bytes == 2 * len(LINE) + len(b"newer\n")
    path = second.oldest()
    assert path is not None
    assert path.read_bytes() == LINE + LINE
    second.remove(path)
    newest = second.oldest()
    assert newest is not None
    assert newest.read_bytes() == b"newer\n"


def test_nothing_is_added_to_a_file_that_is_being_taken(tmp_path: Path) -> None:
    """After the newest file was taken as the oldest, lines go to another."""
    segments = Segments(tmp_path, 1000)
    segments.append([LINE])
    taken = segments.oldest()
    segments.append([b"later\n"])
    assert taken is not None
    assert taken.read_bytes() == LINE
    segments.remove(taken)
    assert segments.bytes == len(b"later\n")


def test_a_long_file_is_followed_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files stay small enough to be read whole."""
    monkeypatch.setattr(spooling, "SEGMENT_BYTES", 2 * len(LINE))
    segments = Segments(tmp_path, 1000)
    for _ in range(5):
        segments.append([LINE])
    assert sorted(path.stat().st_size // len(LINE) for path in tmp_path.glob("*.segment")) == [
        1,
        2,
        2,
    ]


def test_a_full_spool_takes_nothing_until_there_is_room(tmp_path: Path) -> None:
    """The bound counts all files, and removing one makes room."""
    segments = Segments(tmp_path, 2 * len(LINE))
    segments.append([LINE, LINE])
    with pytest.raises(FullError):
        segments.append([LINE])
    path = segments.oldest()
    assert path is not None
    segments.remove(path)
    segments.append([LINE])
    assert segments.bytes == len(LINE)


def test_a_failed_write_ends_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a disk cut short stays the end of its file: the next line is whole in a new one."""
    segments = Segments(tmp_path, 1000)
    segments.append([LINE])

    def fail(_descriptor: int) -> None:
        raise OSError(errno.EIO, "disk")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="disk"):
            segments.append([b"cut sh"])
    segments.append([LINE])
    contents = sorted(path.read_bytes() for path in tmp_path.glob("*.segment"))
    assert contents == [LINE, LINE + b"cut sh"]


def test_a_directory_has_one_user(tmp_path: Path) -> None:
    """A second process is refused, so that nothing is drained twice."""
    segments = Segments(tmp_path, 1000)
    with pytest.raises(SpoolUnusableError, match="another process uses it"):
        Segments(tmp_path, 1000)
    segments.close()
    Segments(tmp_path, 1000).close()


def test_a_directory_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    """The error says where and why."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolUnusableError, match=r"file/spool: Not a directory"):
        Segments(tmp_path / "file" / "spool", 1000)


def test_only_its_user_may_read_it(tmp_path: Path) -> None:
    """Bodies and numbers are in it: neither directory nor files are for others."""
    segments = Segments(tmp_path / "spool", 1000)
    segments.append([LINE])
    path = segments.oldest()
    assert path is not None
    aside = segments.set_aside(path, [b"bad"])
    modes = [item.stat().st_mode & 0o077 for item in (path.parent, path, aside)]
    assert modes == [0, 0, 0]
