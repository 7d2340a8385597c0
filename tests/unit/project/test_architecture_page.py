"""The page on the architecture names modules and folders that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/architecture.md").read_text()
# where a path in the page may begin
BASES = [ROOT, ROOT / "shared", *(path for path in (ROOT / "services").iterdir() if path.is_dir())]
PATHS = sorted(set(re.findall(r"`([a-z][\w<>*-]*(?:/[\w<>*-]+)*(?:/|\.py))`", PAGE)))


@pytest.mark.parametrize("path", PATHS)
def test_what_the_page_names_exists(path: str) -> None:
    """A path is looked for in the root, in `shared` and in each service; `<name>` is any."""
    pattern = re.sub(r"<\w+>", "*", path.rstrip("/"))
    assert any(next(base.glob(pattern), None) for base in BASES), path


def test_the_page_names_modules() -> None:
    """The pattern above finds them."""
    assert len(PATHS) > 20
