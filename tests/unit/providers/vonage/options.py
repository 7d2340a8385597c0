"""The options that an account must have."""

from __future__ import annotations

OPTIONS: dict[str, str] = {"application_id": "00000000-0000-4000-8000-00000000000a"}
