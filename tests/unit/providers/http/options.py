"""The options that an account must have: its profile, and what that asks for."""

from __future__ import annotations

OPTIONS: dict[str, str] = {"profile": "plivo", "auth_id": "MA" + "0" * 18}
