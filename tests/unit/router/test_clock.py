"""Whose clock the router goes by."""

from __future__ import annotations

import re
from pathlib import Path

import router

OWN_CLOCK = re.compile(r"datetime\.now\(|datetime\.utcnow\(|time\.time\(")


def test_no_module_reads_the_machines_clock() -> None:
    """Routers' clocks differ: every deadline is set and judged by the database's."""
    folder = Path(router.__file__).parent
    found = [path.name for path in folder.rglob("*.py") if OWN_CLOCK.search(path.read_text())]
    assert found == []
