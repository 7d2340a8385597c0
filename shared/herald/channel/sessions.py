"""The sessions of a channel's accounts: those that call with an access token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from herald.database.pool import Database
from herald.providers.sending import ProviderContext
from herald.sessions.channel_sessions import ChannelSessions
from herald.sessions.key_ring import KeyRing
from herald.sessions.parts import Parts
from herald.sessions.rows import Key
from herald.sessions.session import AccountSession


def sessions_of(
    channel: str,
    contexts: Sequence[ProviderContext[Any, Any]],
    database: Database,
    keys: KeyRing | None,
) -> ChannelSessions:
    """Make the sessions, and give each to its account's credentials.

    A token is asked for by the way that the account's calls take.
    """
    made = []
    for context in contexts:
        if context.account.session is None:
            continue
        assert keys is not None, "whoever starts a channel with sessions reads their keys"
        parts = Parts(
            key=Key(channel, context.name),
            provider=context.account.provider,
            oauth=context.account.session,
            credentials=context.credentials,
            post=context.http.post,
            database=database,
            keys=keys,
        )
        context.credentials.session = session = AccountSession(parts)
        made.append(session)
    return ChannelSessions(channel, made, database, keys)
