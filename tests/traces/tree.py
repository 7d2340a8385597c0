"""A trace as a tree of text, as people read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from traces.collector import CollectedSpan

SHOWN = (
    *("herald.answer", "herald.account", "herald.result", "herald.status"),
    *("herald.failure.class", "herald.fallback.from", "herald.fallback.to", "herald.reason"),
    *("herald.outcome", "http.response.status_code"),
)
_NS_PER_MS = 1_000_000


def shape(spans: Sequence[CollectedSpan]) -> list[str]:
    """Return what a trace is made of: each span's depth, name and service."""
    return [f"{'  ' * depth}{span.name} ({span.service})" for depth, span in _walk(spans)]


def lines(spans: Sequence[CollectedSpan], others: Iterable[CollectedSpan] = ()) -> Iterator[str]:
    """Print a trace; `others` are spans of other traces, of which those linked are named."""
    linked = {(span.trace_id, span.span_id): span for span in others}
    rows = list(_walk(spans))
    began = min(span.start_ns for span in spans)
    width = max(2 * depth + len(span.name) for depth, span in rows) + 2
    service_width = max(len(span.service) for span in spans) + 2
    for depth, span in rows:
        name = f"{'  ' * depth}{span.name}"
        at, lasted = _ms(span.start_ns - began), _ms(span.end_ns - span.start_ns)
        said = " ".join(
            f"{_short(key)}={span.attributes[key]}" for key in SHOWN if key in span.attributes
        )
        line = f"{name:<{width}}{span.service:<{service_width}}{at:>7}{lasted:>7}  {said}"
        yield line.rstrip()
        margin = " " * (2 * depth + 4)
        for event, about in span.events:
            words = " ".join(str(about[key]) for key in sorted(about, reverse=True))
            yield f"{margin}. {event} {words}".rstrip()
        for link in span.links:
            other = linked.get(link)
            what = f"{other.name} ({other.service})" if other else "a span that is not recorded"
            yield f"{margin}~ linked: {what}"


def _walk(spans: Sequence[CollectedSpan]) -> Iterator[tuple[int, CollectedSpan]]:
    """Walk a trace from its first span down; what names no parent that is there begins it."""
    known = {span.span_id for span in spans}
    children: dict[str, list[CollectedSpan]] = {}
    for span in spans:
        parent = span.parent_id if span.parent_id in known else ""
        children.setdefault(parent, []).append(span)

    def below(parent: str, depth: int) -> Iterator[tuple[int, CollectedSpan]]:
        for span in sorted(children.get(parent, []), key=lambda one: one.start_ns):
            yield depth, span
            yield from below(span.span_id, depth + 1)

    return below("", 0)


def _short(key: str) -> str:
    return key.removeprefix("herald.").removeprefix("http.response.")


def _ms(nanoseconds: int) -> str:
    return f"{nanoseconds / _NS_PER_MS:.0f}"
