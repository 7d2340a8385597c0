"""The options that each provider's account must have, from the folder of its tests."""

from __future__ import annotations

from importlib import import_module

from herald.providers.registry import NAMES

OPTIONS: dict[str, dict[str, str]] = {
    name: import_module(f"unit.providers.{name}.options").OPTIONS for name in NAMES
}
