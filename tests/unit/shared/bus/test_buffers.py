"""What was received and is taken in batches: in order, or in turns of its groups."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from herald.bus.buffers import Buffer
from herald.bus.deliveries import Delivery
from unit.shared.bus.test_batch_loop import RecordingChannel


def _buffer(words: str) -> Buffer:
    """Return a buffer that holds a delivery for each letter, its group."""
    buffer = Buffer(lambda delivery: delivery.body.decode())
    for tag, letter in enumerate(words, 1):
        buffer.append(Delivery(body=letter.encode(), tag=tag))
    return buffer


def _taken(buffer: Buffer, most: int) -> str:
    return "".join(delivery.body.decode() for delivery in buffer.take(most, None))


def test_a_batch_takes_one_of_each_group_in_turn() -> None:
    """Whoever has little is done after few batches, however much another has."""
    buffer = _buffer("aaaaaaaabbbc")
    assert _taken(buffer, 6) == "abcaba"
    assert _taken(buffer, 6) == "baaaaa"
    assert len(buffer) == 0


def test_the_turn_goes_on_where_the_last_batch_ended() -> None:
    """With more groups than a batch takes, each has its turn before any has a second."""
    buffer = _buffer("aabbccdd")
    assert [_taken(buffer, 3) for _ in range(3)] == ["abc", "dab", "cd"]


def test_what_comes_later_has_its_turn_at_once() -> None:
    """A group that comes new is behind the groups, not behind their deliveries."""
    buffer = _buffer("a" * 50)
    _taken(buffer, 10)
    buffer.append(Delivery(body=b"b"))
    assert "b" in _taken(buffer, 2)


def test_without_groups_it_is_first_in_first_out() -> None:
    """Nobody's turn is asked for."""
    buffer = Buffer()
    for tag in range(5):
        buffer.append(Delivery(body=b"x", tag=tag))
    assert [delivery.tag for delivery in buffer.take(3, None)] == [0, 1, 2]


def test_what_is_lost_is_dropped_from_every_group() -> None:
    """Deliveries of a lost channel come again on another."""
    lost, live = RecordingChannel(), RecordingChannel()
    buffer = Buffer(lambda delivery: delivery.body.decode())
    for letter, receiving in (("a", lost), ("b", lost), ("a", live)):
        buffer.append(Delivery(body=letter.encode(), received_on=receiving))
    assert _taken(buffer, 1) == "a"
    lost.lose()
    assert (buffer.drop_dead(), len(buffer)) == (1, 1)


def test_the_next_ones_are_kept_when_it_is_shortened() -> None:
    """The others go back to their queue."""
    buffer = _buffer("aaaab")
    assert (buffer.shorten(2), _taken(buffer, 9)) == (3, "ab")


@given(st.text("abcd", max_size=60), st.integers(1, 7))
def test_everything_is_taken_once_and_in_order_of_its_group(words: str, most: int) -> None:
    """However it is shared."""
    buffer = _buffer(words)
    taken: list[Delivery] = []
    while batch := buffer.take(most, None):
        taken += batch
    assert sorted(delivery.tag for delivery in taken) == list(range(1, len(words) + 1))
    for letter in set(words):
        tags = [delivery.tag for delivery in taken if delivery.body.decode() == letter]
        assert tags == sorted(tags)


def test_a_delivery_may_stand_for_several() -> None:
    """A batch takes as many as make no more than it handles; one of too many goes alone."""
    buffer = Buffer(count=lambda delivery: len(delivery.body))
    for size in (3, 4, 3, 9, 12, 1):
        buffer.append(Delivery(body=b"x" * size))
    taken = [[len(delivery.body) for delivery in buffer.take(10, None)] for _ in range(4)]
    assert taken == [[3, 4, 3], [9], [12], [1]]
