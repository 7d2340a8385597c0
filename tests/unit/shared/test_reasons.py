"""Refusals in words: no code comes without its sentence."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import router
from herald.client import RejectedError
from herald.contracts.reasons import ID_TAKEN, SENTENCES, in_words

CODE = re.compile(r"[a-z]+(_[a-z]+)+")
REFUSING = {"UnusableError", "Rejection", "_refuse", "_no_such"}


def _codes() -> set[str]:
    """Find every literal in the router's calls that refuse which looks like a code."""
    found: set[str] = set()
    texts = [path.read_text() for path in Path(router.__file__).parent.rglob("*.py")]
    for text in texts:
        if not any(f"{name}(" in text for name in REFUSING):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in REFUSING:
                reasons = [*node.args[1:], *(k.value for k in node.keywords if k.arg == "reason")]
                literals = [str(r.value) for r in reasons if isinstance(r, ast.Constant)]
                found |= {text for text in literals if CODE.fullmatch(text)}
    return found - {"idempotency_key"}  # a field


def test_every_code_has_a_sentence() -> None:
    """A reason that is a code stands in the one table, and nowhere as a literal of its own."""
    assert _codes() <= SENTENCES.keys()


def test_a_code_is_reported_with_its_sentence() -> None:
    """The client's error reads as a sentence, and programs still go by the code."""
    error = RejectedError([("id", ID_TAKEN)])
    assert str(error) == f"id: {ID_TAKEN}: {SENTENCES[ID_TAKEN]}"
    assert error.reason == ID_TAKEN


def test_other_reasons_are_sentences_already() -> None:
    """They stay as they are."""
    assert in_words("lies in the past") == "lies in the past"
