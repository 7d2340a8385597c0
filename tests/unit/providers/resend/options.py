"""The options that an account must have."""

from __future__ import annotations

OPTIONS: dict[str, str] = {}
