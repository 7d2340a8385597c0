"""Which member a sender's calls go by."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from herald.channel.egress.choosing import (
    REST_SECONDS,
    STAY_SECONDS,
    Chooser,
    Reason,
    Rotation,
    preference,
)

MEMBERS = ("a", "b", "c")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SENDERS = [f"+1555000{number:04}" for number in range(600)]


class Pool:
    """A chooser, with what members have used, and the moves there were."""

    def __init__(self, rotation: Rotation | None = None) -> None:
        self.used: dict[str, float] = {}
        self.moves: list[Reason] = []
        self.chooser = Chooser(
            MEMBERS,
            rotation or Rotation(),
            lambda member: self.used.get(member, 0.0),
            self.moves.append,
        )

    def choose(
        self,
        sender: str,
        *,
        usable: tuple[str, ...] = MEMBERS,
        now: float = 0,
        time: datetime = NOON,
    ) -> str | None:
        return self.chooser.choose(sender, usable, now, time)


def test_senders_stay_and_spread() -> None:
    """A sender keeps its member, and senders spread evenly, within a few of a hundred."""
    pool = Pool()
    homes = {sender: pool.choose(sender) for sender in SENDERS}
    assert homes == {sender: pool.choose(sender, now=1e6) for sender in SENDERS}
    assert all(150 < count < 250 for count in Counter(homes.values()).values())
    assert pool.moves == []


def test_every_worker_chooses_alike() -> None:
    """Another process's chooser sends a sender the same way, without asking anybody."""
    assert [Pool().choose(sender) for sender in SENDERS[:50]] == [
        preference(sender, 0, MEMBERS)[0] for sender in SENDERS[:50]
    ]


@given(st.sampled_from(MEMBERS))
def test_only_the_senders_of_a_lost_member_move(lost: str) -> None:
    """They spread over the others, and come back with it."""
    pool, left = Pool(), tuple(member for member in MEMBERS if member != lost)
    before = {sender: pool.choose(sender) for sender in SENDERS}
    during = {sender: pool.choose(sender, usable=left) for sender in SENDERS}
    after = {sender: pool.choose(sender) for sender in SENDERS}
    moved = [sender for sender in SENDERS if before[sender] != during[sender]]
    assert {before[sender] for sender in moved} == {lost}
    assert {during[sender] for sender in moved} == set(left)
    assert after == before
    assert set(pool.moves) == {Reason.HEALTH}
    assert len(pool.moves) == 2 * len(moved)


def test_a_dry_run_changes_nothing() -> None:
    """It names the member that the next call goes by, and no move is counted for it."""
    pool = Pool()
    home = pool.choose("x")
    left = tuple(member for member in MEMBERS if member != home)
    foreseen = pool.chooser.foresee("x", left, 0, NOON)
    assert pool.moves == []
    assert pool.choose("x", usable=left) == foreseen
    assert pool.chooser.foresee("x", (), 0, NOON) is None


def test_no_healthy_member_is_no_way() -> None:
    assert Pool().choose("x", usable=()) is None


def test_a_share_used_up_moves_the_sender_for_a_while() -> None:
    """To the next member with room; then it goes home, if there is room again."""
    pool = Pool(Rotation(share=0.8))
    home = pool.choose("x")
    assert home is not None
    pool.used[home] = 0.8
    other = pool.choose("x", now=1)
    assert other != home
    pool.used[home] = 0.0
    assert pool.choose("x", now=STAY_SECONDS) == other
    assert pool.choose("x", now=2 + STAY_SECONDS) == home
    assert pool.moves == [Reason.SHARE, Reason.SHARE]


def test_where_nobody_has_room_senders_stay() -> None:
    """Then each waits for its own member's budget, unless another's queue is much shorter."""
    pool = Pool(Rotation(share=0.8))
    home = pool.choose("x")
    assert home is not None
    pool.used = dict.fromkeys(MEMBERS, 2.0)
    assert pool.choose("x", now=1) == home
    pool.used[home] = 2.2
    assert pool.choose("x", now=2) == home
    pool.used[home] = 2.5
    assert pool.choose("x", now=3) != home


def test_a_throttled_address_rests() -> None:
    pool = Pool()
    home = pool.choose("x")
    assert home is not None
    pool.chooser.rest(home, 0)
    assert pool.choose("x", now=1) != home
    assert pool.choose("x", now=REST_SECONDS + STAY_SECONDS) == home


def test_time_moves_each_sender_once_an_interval() -> None:
    """Every sender goes on to its next member, at a moment of its own, and round in the end."""
    pool = Pool(Rotation(after=timedelta(hours=1)))
    seen: dict[str, list[str | None]] = {sender: [] for sender in SENDERS[:60]}
    for minute in range(181):
        for sender, members in seen.items():
            member = pool.choose(sender, now=minute * 60, time=NOON + timedelta(minutes=minute))
            if not members or members[-1] != member:
                members.append(member)
    assert all(len(members) == 4 for members in seen.values())
    assert all(set(members[:3]) == set(MEMBERS) for members in seen.values())
    assert set(pool.moves) == {Reason.TIME}
