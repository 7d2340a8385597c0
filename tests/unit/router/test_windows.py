"""How much a queue of work may hold, and who is let in next."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from router.core.windows import FIRST, LARGEST, SMALLEST, Window, after_look, last_turn, turns


def _look(window: Window, depth: int, seconds: float = 1.0, *, waiting: int = 10**6) -> Window:
    return after_look(window, depth, seconds, waiting=waiting, seconds=2)


def test_a_window_is_two_seconds_of_what_left_its_queue() -> None:
    """From the first measurement on."""
    window = _look(Window(depth=1000, has_backlog=True), 600)
    assert (window.size, window.released, window.room) == (800, 200, 0)


def test_what_was_let_in_meanwhile_has_left_it_too() -> None:
    """The queue is as long as before, and was given 300."""
    window = _look(Window(depth=500, released=300, has_backlog=True), 500)
    assert window.drained == 300


def test_a_slow_channel_keeps_the_smallest_window() -> None:
    """Workers that do nothing at all find that much when they are back."""
    window = Window(depth=1000, has_backlog=True)
    for _ in range(10):
        window = _look(window, 1000)
    assert (window.size, window.room) == (SMALLEST, 0)


def test_a_queue_that_ran_dry_says_nothing_against_its_workers() -> None:
    """They may do more than they were given."""
    window = Window(size=SMALLEST, drained=90, has_backlog=True, released=50)
    assert _look(window, 0).drained == 90


def test_a_window_grows_as_fast_as_its_workers_prove_to_be() -> None:
    """Each look lets in more, up to the largest window."""
    window = Window(size=SMALLEST, released=SMALLEST, has_backlog=True)
    sizes = []
    for _ in range(4):
        window = _look(window, 0, 0.25)
        sizes.append(window.size)
    assert sizes == [1600, 12_800, LARGEST, LARGEST]


def test_without_a_backlog_nothing_is_learned() -> None:
    """Routers dispatch at once then, and nobody counts it."""
    window = _look(Window(depth=400), 10, waiting=0)
    assert (window.size, window.drained, window.depth) == (FIRST, None, 10)


def test_the_backlog_comes_first() -> None:
    """What it leaves of the room is for what is dispatched at once."""
    window = _look(Window(size=300), 100, waiting=50)
    assert (window.released, window.room, window.has_backlog) == (50, 150, False)
    window = _look(Window(size=300), 100, waiting=201)
    assert (window.released, window.room, window.has_backlog) == (200, 0, True)


def test_tenants_share_the_room() -> None:
    """Those whose turn comes next get what can't be shared evenly."""
    assert turns(["c", "a", "b"], "a", 5) == {"b": 2, "c": 2, "a": 1}


def test_with_little_room_tenants_take_turns() -> None:
    """Nobody is let in twice before everybody was once."""
    served: list[str] = []
    last = ""
    for _ in range(6):
        shares = turns(["a", "b", "c", "d"], last, 2)
        served += shares
        last = last_turn(shares)
    assert "".join(served) == "abcd" * 3


@given(st.sets(st.text("abc", min_size=1, max_size=3)), st.text("abc"), st.integers(0, 500))
def test_all_room_is_given_and_evenly(tenants: set[str], last: str, room: int) -> None:
    """No tenant gets two more than another."""
    shares = turns(sorted(tenants), last, room)
    assert sum(shares.values()) == (room if tenants else 0)
    given = [shares.get(name, 0) for name in tenants]
    assert max(given, default=0) - min(given, default=0) <= 1
