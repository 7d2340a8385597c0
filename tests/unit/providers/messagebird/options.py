"""The options that an account must have: none."""

from __future__ import annotations

OPTIONS: dict[str, str] = {}
