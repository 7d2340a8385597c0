"""Paths: bounded before they run, and never an exception when they do."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herald.providers.http.expressions import Expression
from herald.providers.http.placeholders import Placed, circle
from herald.providers.http.toml_lines import line_of, lines_of

DOCUMENT = {"a": {"b": ["x", {"c": "+1 (555) 000"}]}, "n": 7, "f": 1.5, "e": ""}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b[0]", "x"),
        ("digits(a.b[1].c)", "1555000"),
        ("text(n)", "7"),
        ("before('a/b', '/')", "a"),
        ("after('a/b', '/')", "b"),
        ("lower('AbC')", "abc"),
        ("masked('1')", "6b86b273ff34fce1"),
        ("join('/', [text(n), a.b[0]])", "7/x"),
        ("join('/', [none.x, a.b[0]])", None),  # a type that join does not take
        ("digits(none)", None),
        ("to_number(after(none, '/'))", None),
        ("starts_with(n, 'x')", None),
    ],
)
def test_what_a_path_finds(path: str, found: Any) -> None:
    """What is not there, or of another kind, is nothing."""
    assert Expression(path).find(DOCUMENT) == found


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("x" * 601, "over 600 characters"),
        (" || ".join("a" * 90), "over 120 parts"),
        ("(" * 300 + "a" + ")" * 300, "over 600 characters"),
        ("[a,a] | [a,a] | [a,a] | [a,a] | [a,a] | [a,a] | [a,a]", "multiplies"),
        ("[a,a,a,a,a,a,a,a,a].[b,b,b,b,b,b,b,b,b]", "multiplies"),
        ("map(&x, a)", "no function 'map'"),
        ("sort_by(a, &b)", "no function 'sort_by'"),
        ("to_string(a)", "no function 'to_string'"),
        ("a.", "not a path"),
        ("", "not a path"),
        ("a[", "not a path"),
    ],
)
def test_what_is_no_path(path: str, said: str) -> None:
    """What could cost too much, or calls what it may not, is refused when it is read."""
    with pytest.raises(ValueError, match=said):
        Expression(path)


@pytest.mark.filterwarnings("ignore:deprecated string literal")
@settings(max_examples=60)
@given(st.text(alphabet="ab.[]*|&@()`'{},:?!=<>0 ", max_size=40))
def test_any_text_is_a_path_or_refused(text: str) -> None:
    """No text makes the reader raise anything else, and what it takes can be run."""
    try:
        path = Expression(text)
    except ValueError:
        return
    path.find({"a": [{"b": 1}], "b": {"a": "x"}})


def test_a_large_document_takes_no_time() -> None:
    """What a path costs grows with the document alone."""
    event = {"results": [{"messageId": str(n), "status": {"groupName": "X"}} for n in range(5_000)]}
    began = time.perf_counter()
    for path in ("event.results[*].status.groupName", "event.results[?status].messageId | [0]"):
        Expression(path).find({"event": event})
    assert time.perf_counter() - began < 1


def test_circles_are_found_and_chains_are_none() -> None:
    """A default may need another; only one that needs itself is wrong."""
    texts = {"a": Placed("{b}"), "b": Placed("{c}{d}"), "c": Placed("x"), "d": Placed("{c}")}
    assert list(circle(texts)) == []
    assert list(circle({**texts, "c": Placed("{d}")})) == ["c", "d"]


def test_lines_of_every_kind_of_key() -> None:
    """Tables, dotted keys, inline tables, arrays over several lines, arrays of tables."""
    document = """\
# a comment
a = 1
b.c = {d = 2, e = [3]}
f = [
  1, # one
  2,
]
[t."u v"]
g = '''
x = 1
'''
[[l]]
h = 1
[[l]]
h = 2
"""
    lines = lines_of(document)
    for path, number in (
        (("a",), 2),
        (("b", "c", "e", 0), 3),
        (("f", 1), 4),
        (("t", "u v", "g"), 9),
        (("t", "u v", "x"), 8),
        (("l", 0, "h"), 13),
        (("l", 1, "h"), 15),
        (("none",), None),
    ):
        assert line_of(lines, path) == number, path
