"""Queries ask for the chosen Kubernetes namespace alone, without saying so each time."""

from __future__ import annotations

import re

# Herald's metrics, what rules record of them, and those of its processes. The broker's are not
# among them: it may run in another namespace. Nor are the objectives, which are the same for all.
_SCOPED = re.compile(
    r"\b(?P<name>(?!herald:slo_objective)herald[_:][A-Za-z0-9_:]+|process_[a-z_]+)\b(?P<brace>\{)?"
)
_CHOSEN = 'namespace=~"$namespace"'


def scoped(expression: str) -> str:
    """Add the chosen namespace to every metric of Herald's in a query.

    Where Prometheus has no label `namespace`, every choice but "All" is empty, and "All" holds.
    """
    return _SCOPED.sub(_matched, expression)


def _matched(found: re.Match[str]) -> str:
    return f"{found['name']}{{{_CHOSEN}" + (", " if found["brace"] else "}")
