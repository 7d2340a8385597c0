"""What a run under a nemesis came to: counts for one line of JSON, and what is wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from chaos.invariants import doubles
from chaos.record import Record, message_of
from chaos.silences import false_silences, silences_of
from chaos.webhook_tries import RECEIVED, Try

ANSWER = "herald.command."


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`lost`, `contacted_twice`: messages. `false_silence`, `unknown`, `never_called`: attempts."""

    commands: int
    answered: int  # exactly once
    lost: Mapping[str, str]  # with what is missing
    contacted_twice: Sequence[str]
    unexplained: Sequence[str]  # those of them that no row explains
    silences: int
    false_silence: Mapping[str, str]  # with the reason
    unknown: Sequence[str]
    never_called: Sequence[str]  # unknown, and the provider saw nothing of it
    failed: Sequence[str]  # messages that every provider would have taken

    def problems(self, *, killed_channels: Collection[str] = ()) -> list[str]:
        """Say what breaks a promise.

        A worker killed between its claim and its call leaves an attempt unknown: that is allowed
        on `killed_channels`.
        """
        uncalled = [name for name in self.never_called if _channel(name) not in killed_channels]
        return [
            *(f"lost: {name}: {why}" for name, why in self.lost.items()),
            *(f"contacted twice, and no row says why: {name}" for name in self.unexplained),
            *(f"false silence: {name}: {why}" for name, why in self.false_silence.items()),
            *(f"unknown, and never called: {name}" for name in uncalled),
            *(f"failed, though nothing about it was unknown: {name}" for name in self.failed),
        ]

    @property
    def doubtful(self) -> list[str]:
        """Name the messages about which a promise was broken."""
        attempts = (*self.false_silence, *self.never_called)
        return [*self.lost, *self.unexplained, *self.failed, *(one[:36] for one in attempts)]

    def counts(self) -> dict[str, int]:
        """Return the counts of the line."""
        return {
            "commands": self.commands,
            "answered": self.answered,
            "lost": len(self.lost),
            "contacted_twice": len(self.contacted_twice),
            "explained": len(self.contacted_twice) - len(self.unexplained),
            "silences": self.silences,
            "false_silence": len(self.false_silence),
            "unknown": len(self.unknown),
            "never_called_unknown": len(self.never_called),
        }


def judge(record: Record, tries: Sequence[Try], *, fallback_after: float) -> Verdict:
    """Compare what Herald says with what the providers saw. `fallback_after`: in seconds."""
    answers = _answers(record)
    silences = silences_of(record.silences, record.requests)
    false = false_silences(silences, tries, fallback_after)
    truly_silent = {silence.attempt for silence in silences} - false.keys()
    unknown = [name for attempts in record.unknown.values() for name in attempts]
    called = {request["attempt"] for request in record.requests}
    twice = doubles(record)
    return Verdict(
        commands=len(record.commands),
        answered=sum(1 for name in record.commands if answers[name] == 1),
        lost=_lost(record, answers, tries),
        contacted_twice=twice,
        unexplained=[
            name
            for name in twice
            if not {*unknown, *truly_silent} >= set(record.contacts[name][:-1])
        ],
        silences=len(silences),
        false_silence=false,
        unknown=unknown,
        never_called=[
            f"{name} {_channel_of(record, name)}" for name in unknown if name not in called
        ],
        failed=[
            name
            for name, outcome in record.outcomes.items()
            if outcome == "failed" and name not in record.unknown
        ],
    )


def _answers(record: Record) -> Counter[str]:
    """Count the answers of each command; the same one published again is one."""
    answers = {
        (event["subject"], event["type"], event["id"])
        for event in record.events
        if event["type"].startswith(ANSWER)
    }
    return Counter(subject for subject, _, _ in answers)


def _lost(record: Record, answers: Counter[str], tries: Sequence[Try]) -> dict[str, str]:
    """Return messages without exactly one answer, without an end, or with an end in ignorance."""
    taken = {
        message_of({"attempt": attempt})
        for one in tries
        if one.taken and one.status in RECEIVED
        for attempt in one.attempts
    }
    found = {}
    for name in record.commands:
        outcome = record.outcomes.get(name)
        if answers[name] != 1:
            found[name] = f"{answers[name]} answers"
        elif outcome is None and (name in taken or name not in record.contacts):
            found[name] = "no outcome"
        elif outcome == "expired" and name in taken:
            found[name] = "expired, though we took the report of its delivery"
    return found


def _channel_of(record: Record, attempt: str) -> str:
    return next((str(a["channel"]) for a in record.attempts if a["attempt_id"] == attempt), "?")


def _channel(named: str) -> str:
    return named.rpartition(" ")[2]
