"""Broker users and what they may do, on the management API: compared with what is wanted, and set.

All of it takes an administrator's URL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from herald.bus.drift import Drift
from herald.bus.management import Management
from herald.contracts.rights import Rights, TopicRights, UserRights


@dataclass(slots=True)
class Applied:
    """What became of the users, by name; those that were as they must be are in none."""

    made: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    # of those made: can't log in, but by a client certificate
    without_password: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Found:
    """A user as the broker has it."""

    user: Mapping[str, Any]
    permission: Mapping[str, str]
    topics: Mapping[str, Mapping[str, str]]

    @property
    def tags(self) -> tuple[str, ...]:
        tags = self.user["tags"]  # a list since 3.9, before that a string with commas
        return tuple(sorted(filter(None, tags.split(",") if isinstance(tags, str) else tags)))

    @property
    def has_password(self) -> bool:
        return bool(self.user.get("password_hash"))


async def check_permissions(management: Management, wanted: Iterable[UserRights]) -> list[Drift]:
    """Return how users differ from what they must be. Changes nothing.

    A user that no configuration names is looked at if it is there: its service may have another.

    Raises:
        ManagementError: refused (it takes an administrator), or no answer.
    """
    drifts: list[Drift] = []
    for one in wanted:
        found = await _find(management, one.name)
        if found is not None or one.is_configured:
            drifts += _compare(one, found)
    return drifts


async def apply_permissions(
    management: Management,
    wanted: Sequence[UserRights],
    passwords: Mapping[str, str],
    *,
    replace_passwords: bool = False,
) -> Applied:
    """Make users, and give each exactly its rights. Safe to repeat: what is right stays untouched.

    `passwords`: by user; one that has a password keeps it unless `replace_passwords`. A new user
    that has none here can't log in with any.

    Raises:
        ManagementError: refused (it takes an administrator), or no answer.
    """
    applied = Applied()
    for one in wanted:
        found, password = await _find(management, one.name), passwords.get(one.name)
        keeps = found is not None and found.has_password and not replace_passwords
        replaced = None if keeps else password
        if found is None and replaced is None:
            applied.without_password.append(one.name)
        if found is None or replaced is not None or found.tags != one.rights.tags:
            await management.put_user(one.name, _user(one.rights, found, replaced))
        if replaced is not None or _compare(one, found):
            (applied.made if found is None else applied.changed).append(one.name)
            await _set_rights(management, one, found)
    return applied


async def _find(management: Management, name: str) -> _Found | None:
    user = await management.user(name)
    if user is None:
        return None
    permission = await management.permission(name) or {}
    return _Found(user, permission, await management.topic_permissions(name))


def _user(rights: Rights, found: _Found | None, password: str | None) -> dict[str, str]:
    """Write a user's tags; without its password in the same request the broker would delete it."""
    tags = {"tags": ",".join(rights.tags)}
    if password is not None:
        return tags | {"password": password}
    if found is None:
        return tags | {"password_hash": ""}
    kept = ("password_hash", "hashing_algorithm")
    return tags | {name: found.user[name] for name in kept if name in found.user}


async def _set_rights(management: Management, one: UserRights, found: _Found | None) -> None:
    keys = {topic.exchange: topic for topic in one.rights.topics}
    if found is not None and found.topics.keys() - keys.keys():
        # one alone can't be deleted; until those below are set again the user has no access
        await management.put_permission(one.name, _patterns(Rights()))
        await management.delete_topic_permissions(one.name)
    for exchange, topic in keys.items():
        await management.put_topic_permission(
            one.name, exchange, write=topic.write, read=topic.read
        )
    await management.put_permission(one.name, _patterns(one.rights))


def _compare(one: UserRights, found: _Found | None) -> list[Drift]:
    if found is None:
        return [Drift("user", one.name, "missing")]
    drifts: list[Drift] = []
    if found.tags != one.rights.tags:
        drifts.append(Drift("user", one.name, "differs", _tags(one.rights.tags, found.tags)))
    patterns = _patterns(one.rights)
    if not found.permission:
        drifts.append(Drift("permission", one.name, "missing"))
    elif different := _differences(patterns, found.permission):
        drifts.append(Drift("permission", one.name, "differs", different))
    return [*drifts, *_compare_topics(one, found)]


def _compare_topics(one: UserRights, found: _Found) -> Iterator[Drift]:
    wanted = {topic.exchange: _keys(topic) for topic in one.rights.topics}
    for exchange in sorted(wanted.keys() | found.topics.keys()):
        name = f"{one.name} on {exchange}"
        if exchange not in found.topics:
            yield Drift("topic permission", name, "missing")
        elif exchange not in wanted:
            yield Drift("topic permission", name, "unexpected")
        elif different := _differences(wanted[exchange], found.topics[exchange]):
            yield Drift("topic permission", name, "differs", different)


def _patterns(rights: Rights) -> dict[str, str]:
    return {"configure": rights.configure, "write": rights.write, "read": rights.read}


def _keys(topic: TopicRights) -> dict[str, str]:
    return {"write": topic.write, "read": topic.read}


def _tags(wanted: Sequence[str], found: Sequence[str]) -> str:
    return f"tags: expected {', '.join(wanted) or 'none'}, found {', '.join(found) or 'none'}"


def _differences(wanted: Mapping[str, str], found: Mapping[str, str]) -> str:
    return ", ".join(
        f"{name}: expected {pattern!r}, found {found.get(name)!r}"
        for name, pattern in wanted.items()
        if found.get(name) != pattern
    )
