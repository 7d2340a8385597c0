"""Why commands are refused: the codes that programs go by, each with its sentence. Pure.

All other reasons are sentences themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

ID_TAKEN = "id_taken"
IDEMPOTENCY_MISMATCH = "idempotency_mismatch"
UNKNOWN_MESSAGE = "unknown_message"
UNKNOWN_COMMAND = "unknown_command"

SENTENCES: Mapping[str, str] = {
    ID_TAKEN: "another message has this id; give a new one, or none",
    IDEMPOTENCY_MISMATCH: "this key belongs to a message that says something else; a new message"
    " needs a new key",
    UNKNOWN_MESSAGE: "the tenant has no message of this name; a cancel that overtakes its send"
    " finds none",
    UNKNOWN_COMMAND: "no command has this routing key; nothing was done",
}


def in_words(reason: str) -> str:
    """Return a reason with the sentence of its code, where it is one."""
    sentence = SENTENCES.get(reason)
    return f"{reason}: {sentence}" if sentence else reason
