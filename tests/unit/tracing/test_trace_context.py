"""Trace contexts in headers: what is taken, and what is left."""

from __future__ import annotations

from typing import Any

import pytest

from herald.contracts.trace_context import MAX_TRACESTATE, TraceContext

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_context_is_read_and_carried_on() -> None:
    """Its parts are those of the standard's own example, and its headers are as they came."""
    headers = {"traceparent": PARENT, "tracestate": "rojo=00f067aa0ba902b7"}
    context = TraceContext.read({**headers, "x-death": []})
    assert context is not None
    assert context.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert context.span_id == "00f067aa0ba902b7"
    assert context.is_sampled
    assert context.headers == headers


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"bytes",
        7,
        "",
        PARENT.upper(),
        PARENT[:-1],
        PARENT + "-more",
        PARENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32),
        PARENT.replace("00f067aa0ba902b7", "0" * 16),
        PARENT.replace("4b", "\uff14b"),
        f" {PARENT}",
        f"{PARENT}\n",
    ],
)
def test_what_is_no_context_is_none(value: Any) -> None:
    """A producer's broken header begins a trace of our own and breaks nothing."""
    assert TraceContext.read({"traceparent": value}) is None


@pytest.mark.parametrize("state", ["", "a=b\x00", "a" * (MAX_TRACESTATE + 1), 7, "ü=1"])
def test_a_tracestate_that_is_unfit_is_dropped(state: Any) -> None:
    """It would be stored with the message: what is too long or no text stays outside."""
    context = TraceContext.read({"traceparent": PARENT, "tracestate": state})
    assert context is not None
    assert context.headers == {"traceparent": PARENT}


def test_unsampled_is_seen() -> None:
    """The flag's other bits do not matter."""
    contexts = [TraceContext(PARENT[:-2] + flags) for flags in ("00", "02", "03")]
    assert [context.is_sampled for context in contexts] == [False, False, True]
