"""The rules of deploy/prometheus, read for tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
DIRECTORY = ROOT / "deploy" / "prometheus"
RULE_FILES = sorted((DIRECTORY / "rules").glob("*.yml"))
CASE_FILES = sorted((DIRECTORY / "tests").glob("*_test.yml"))

_STRING = re.compile(r'"[^"]*"')
_NAME = re.compile(r"\b((?:herald_|herald:|rabbitmq_|process_)[A-Za-z0-9_:]+|up)\b")
_SELECTOR = re.compile(r"\b(herald_[a-z0-9_]+)\{([^}]*)\}")
_BY_PATTERN = re.compile(r'\{__name__=~"[^"]+"[^}]*\}')
_BUCKET = re.compile(r'\b(herald_[a-z0-9_]+_bucket)\{[^}]*(le="[^"]+")[^}]*\}')
_MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"')


def rules() -> Iterator[dict[str, Any]]:
    """Return every rule, of recordings and of alerts."""
    for path in RULE_FILES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from group["rules"]


def alerts() -> Iterator[dict[str, Any]]:
    """Return the rules that are alerts; a name may have several."""
    return (rule for rule in rules() if "alert" in rule)


def metrics_named(expression: str) -> set[str]:
    """Return the names of metrics in an expression."""
    return set(_NAME.findall(_STRING.sub("", expression)))


def matchers(expression: str) -> Iterator[tuple[str, str, str]]:
    """Return each matcher on one of Herald's metrics: metric, label, value or pattern."""
    for metric, inside in _SELECTOR.findall(expression):
        for label, value in _MATCHER.findall(inside):
            yield metric, label, value


def selectors_named(expression: str) -> set[str]:
    """Return a selector of each histogram bucket and of each pattern of names in an expression."""
    buckets = {f"{series}{{{bucket}}}" for series, bucket in _BUCKET.findall(expression)}
    return buckets | set(_BY_PATTERN.findall(expression))
