"""Up to when silence may be judged, from what routers and ingresses say."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from herald.contracts.vocabulary import Lane
from router.core.ingresses import (
    INGRESS_LAPSE,
    LONGEST_HOLD,
    PULSE_UNDER_WAY,
    Ingress,
    after_pulse,
    webhook_limit,
)
from router.core.listeners import (
    FRESH,
    LAPSE,
    NOTHING_HANDLED,
    REQUEUED,
    Listener,
    is_requeue_handled,
    lapsed,
)
from router.core.silence_gate import MARGIN, STRICTEST, gates_of, lane_gate, webhook_gate
from unit.router.making import NOW, seconds

FIRST, SECOND, THIRD = (UUID(int=number) for number in (1, 2, 3))
GAP = timedelta(seconds=20)


def _listener(router: UUID = FIRST, lane: Lane = Lane.NORMAL, **changes: Any) -> Listener:
    fields: dict[str, Any] = {"seen_at": NOW, "progress": NOW}
    return Listener(router=router, lane=lane, **fields | changes)


def _router(router: UUID = FIRST, **changes: Any) -> list[Listener]:
    return [_listener(router, lane, **changes) for lane in Lane]


def _ingress(ingress: UUID = FIRST, **changes: Any) -> Ingress:
    return Ingress(ingress=ingress, **{"seen_at": NOW} | changes)


def _gates(listeners: list[Listener], *ingresses: Ingress) -> dict[str, datetime]:
    return gates_of(listeners, ingresses or [_ingress()], NOW, has_webhooks=True)


def _pulse(
    known: list[Ingress], ingress: UUID, at: datetime, silent: float = 0.0, **said: Any
) -> Ingress:
    return after_pulse(
        {one.ingress: one for one in known},
        ingress,
        at,
        at,
        silent=timedelta(seconds=silent),
        leaving=False,
        retry_gap=GAP,
        **said,
    )


def test_the_slowest_router_bounds_what_is_judged() -> None:
    """Silence is judged up to the oldest of the routers' newest pulses, less the margin."""
    behind = NOW - seconds(16)
    gates = _gates([*_router(FIRST), *_router(SECOND, progress=behind)])
    assert gates[lane_gate(Lane.NORMAL)] == behind - MARGIN


def test_a_router_that_has_handled_no_pulse_shuts_the_gates() -> None:
    """What a new router was given is not known yet, so nothing is judged."""
    assert _gates([*_router(FIRST), *_router(SECOND, progress=None)]) == {}


def test_no_router_judges_nothing() -> None:
    """Without any row there is nothing to judge by."""
    assert _gates([]) == {}


def test_a_long_bulk_queue_holds_no_other_lane() -> None:
    """Receipts of a campaign that wait do not keep an OTP from falling back."""
    listeners = [
        _listener(lane=Lane.URGENT),
        _listener(lane=Lane.NORMAL),
        _listener(lane=Lane.BULK, progress=NOW - seconds(50)),
    ]
    gates = _gates(listeners)
    assert gates[webhook_gate(Lane.URGENT)] == NOW - MARGIN
    assert gates[webhook_gate(Lane.BULK)] == NOW - seconds(50) - MARGIN


def test_the_normal_lane_holds_the_others() -> None:
    """A receipt of any lane may come through the normal one, when its publisher knows no lane."""
    listeners = [
        _listener(lane=Lane.URGENT),
        _listener(lane=Lane.NORMAL, progress=NOW - seconds(30)),
        _listener(lane=Lane.BULK),
    ]
    assert _gates(listeners)[lane_gate(Lane.URGENT)] == NOW - seconds(30) - MARGIN


def test_what_went_back_to_the_queue_holds_the_gate() -> None:
    """A router whose consumer was lost holds silence where it was, whatever it handles since."""
    held_at = NOW - seconds(12)
    assert _gates(_router(held_at=held_at))[lane_gate(Lane.NORMAL)] == held_at - MARGIN


def test_the_hold_ends_when_all_have_passed_what_was_requeued() -> None:
    """Pulses sent after the broker has surely given it back stand behind it in the queue."""
    lost_at, past = NOW - REQUEUED - seconds(1), NOW
    handled, behind = _listener(progress=past), _listener(SECOND, progress=lost_at + seconds(1))
    assert is_requeue_handled([handled], lost_at)
    assert not is_requeue_handled([handled, behind], lost_at)


def test_nobody_handled_what_nobody_can_have_got() -> None:
    """Without a router that consumes, what was lost waits in the queue."""
    assert not is_requeue_handled([], NOW - timedelta(hours=1))


def test_a_row_not_renewed_lapses_once_others_have_its_receipts() -> None:
    """A router that never comes back holds silence until its receipts are surely elsewhere."""
    seen_at = NOW - LAPSE - seconds(10)
    silent = _listener(SECOND, seen_at=seen_at, progress=seen_at)
    assert lapsed([_listener(), silent], NOW) == [silent]
    slow = _listener(progress=seen_at + LAPSE - seconds(1))
    assert lapsed([slow, silent], NOW) == []


def test_a_row_that_is_renewed_does_not_lapse() -> None:
    """However far behind it is, a router that lives bounds what is judged."""
    behind = _listener(SECOND, progress=NOW - timedelta(hours=1))
    assert lapsed([_listener(), behind], NOW) == []


def test_alone_a_router_lapses_nobody() -> None:
    """A router that handles nothing itself can't say that others' receipts were handled."""
    silent = _listener(SECOND, seen_at=NOW - timedelta(hours=1))
    assert lapsed([silent], NOW) == []


def test_without_ingress_silence_of_webhooks_is_not_judged() -> None:
    """What providers report by webhook can't be known before any ingress was seen."""
    gates = gates_of(_router(), [], NOW, has_webhooks=True)
    assert webhook_gate(Lane.NORMAL) not in gates
    assert gates[lane_gate(Lane.NORMAL)] == NOW - MARGIN
    assert STRICTEST not in gates


def test_where_no_provider_has_webhooks_no_ingress_is_waited_for() -> None:
    """A Herald that sends by SMTP alone needs no ingress."""
    gates = gates_of(_router(), [], NOW, has_webhooks=False)
    assert gates[webhook_gate(Lane.NORMAL)] == gates[STRICTEST] == NOW - MARGIN


def test_an_ingress_that_hangs_holds_the_gate() -> None:
    """One of two ingresses that stopped is judged up to its last pulse: webhooks may hang there."""
    hanging = _ingress(SECOND, seen_at=NOW - seconds(16))
    assert webhook_limit([_ingress(), hanging], NOW, NOW) == NOW - seconds(16)


def test_an_ingress_that_is_gone_lapses_when_another_is_there() -> None:
    """After a while providers have found the other one; alone it is waited for, for ever."""
    gone = _ingress(SECOND, seen_at=NOW - INGRESS_LAPSE - seconds(1))
    assert webhook_limit([_ingress(), gone], NOW, NOW) == NOW
    assert webhook_limit([gone], NOW, NOW) == gone.seen_at


def test_an_ingress_that_left_is_not_waited_for() -> None:
    """After a rolling restart the new one stands for the old one at once."""
    left = _ingress(SECOND, seen_at=NOW - seconds(8), has_left=True)
    assert webhook_limit([_ingress(), left], NOW, NOW) == NOW


def test_a_backlog_of_receipts_is_no_silence_of_ingress() -> None:
    """Pulses that wait in a long queue with all else show that ingress lives."""
    behind = NOW - seconds(50)
    assert webhook_limit([_ingress(seen_at=behind - seconds(1))], behind, NOW) == behind - seconds(
        1
    )


def test_after_an_outage_silence_is_held_as_long_again() -> None:
    """An ingress that could publish nothing for 30 s holds silence for 30 s more."""
    before = _ingress(seen_at=NOW - seconds(30))
    after = _pulse([before], FIRST, NOW, silent=30)
    assert after.limit(NOW + seconds(29)) == before.seen_at
    assert after.limit(NOW + seconds(30)) == NOW


def test_a_short_outage_is_held_for_the_providers_gap() -> None:
    """Providers wait between two tries: no less is waited for them."""
    after = _pulse([_ingress(seen_at=NOW - seconds(6))], FIRST, NOW, silent=6)
    assert after.held_until == NOW + GAP


def test_a_long_outage_is_held_for_two_minutes() -> None:
    """After an hour without ingress two minutes are waited."""
    after = _pulse([_ingress(seen_at=NOW - timedelta(hours=1))], FIRST, NOW, silent=3600)
    assert after.held_until == NOW + LONGEST_HOLD


def test_a_new_ingress_after_none_holds_for_the_time_without() -> None:
    """Killed and started again as another, ingress does not know how long there was none."""
    gone = _ingress(SECOND, seen_at=NOW - seconds(60), has_left=True)
    after = _pulse([gone], FIRST, NOW)
    assert after.held_until == NOW + seconds(60)
    assert after.limit(NOW) == gone.seen_at


def test_an_ingress_started_again_holds_for_the_time_it_was_away() -> None:
    """Killed and started again as the same, it does not know for how long it took nothing."""
    before = _ingress(seen_at=NOW - seconds(30))
    after = _pulse([before, _ingress(SECOND)], FIRST, NOW)
    assert after.held_until == NOW + seconds(30)
    assert after.limit(NOW) == before.seen_at


def test_a_new_ingress_beside_another_holds_nothing() -> None:
    """Scaling out is no outage."""
    assert _pulse([_ingress(SECOND)], FIRST, NOW).held_until is None


def test_a_hold_is_not_shortened_by_a_shorter_one() -> None:
    """A blip after a long outage leaves its hold, and where it holds, as they are."""
    long = _pulse([_ingress(seen_at=NOW - seconds(100))], FIRST, NOW, silent=100)
    again = _pulse([long], FIRST, NOW + seconds(10), silent=6)
    assert again.held_until == long.held_until
    assert again.limit(NOW + seconds(99)) == NOW - seconds(100)


@given(
    progresses=st.lists(st.integers(0, 120), min_size=1, max_size=4),
    ages=st.lists(st.integers(0, 120), min_size=4, max_size=4),
)
def test_no_gate_lets_through_what_some_router_has_not_handled(
    progresses: list[int], ages: list[int]
) -> None:
    """Whatever rows there are, nothing later than a living router's newest pulse is judged."""
    listeners = [
        row
        for behind, age in zip(progresses, ages, strict=False)
        for row in _router(uuid4(), progress=NOW - seconds(behind), seen_at=NOW - seconds(age))
    ]
    gone = lapsed(listeners, NOW)
    counted = [row for row in listeners if row not in gone]
    living = [row.progress for row in listeners if NOW - row.seen_at <= FRESH and row.progress]
    for until in _gates(counted).values():
        assert all(until <= progress - MARGIN for progress in living)


def test_an_ingress_says_up_to_when_all_is_published() -> None:
    """With nothing on disk up to about its pulse; with something it can't say; else no matter."""
    assert _pulse([], FIRST, NOW, holds_something=False).published_until == NOW - PULSE_UNDER_WAY
    assert _pulse([], FIRST, NOW, holds_something=True).published_until == NOTHING_HANDLED
    assert _pulse([], FIRST, NOW).published_until is None
