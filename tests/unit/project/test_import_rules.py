"""The import rules hold every service, provider and pure module without listing them."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def imports(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / ".ci"))
    monkeypatch.delitem(sys.modules, "imports", raising=False)
    import imports  # noqa: PLC0415  `.ci` is no package

    return imports


def _write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Write a house with one service, one provider and one pure module."""
    _write(tmp_path / "services/channel-pager/channel_pager/__init__.py")
    _write(tmp_path / "services/channel-pager/channel_pager/content.py", '"""Beeps. Pure."""')
    _write(tmp_path / "services/channel-pager/channel_pager/app.py", '"""Purely a root."""')
    _write(tmp_path / "shared/herald/providers/beeper/__init__.py")
    _write(tmp_path / "shared/herald/providers/beeper/errors.py")
    return tmp_path


def test_a_new_service_is_found(imports: ModuleType, tree: Path) -> None:
    """It must not be imported by others as soon as its folder is there."""
    [independent, *_] = [rule for rule in imports.contracts(tree) if "service" in rule["name"]]
    assert independent["modules"] == ["channel_pager"]


def test_a_new_provider_is_found(imports: ModuleType, tree: Path) -> None:
    """No other may import it as soon as its folder is there."""
    [rule] = [rule for rule in imports.contracts(tree) if "provider imports" in rule["name"]]
    assert rule["modules"] == ["herald.providers.beeper"]


def test_what_calls_itself_pure_is_held_to_it(imports: ModuleType, tree: Path) -> None:
    """So is a provider's error table, and nothing else."""
    [rule] = [rule for rule in imports.contracts(tree) if "Pure" in rule["name"]]
    found = set(rule["source_modules"]) - set(imports.ALWAYS_PURE)
    assert found == {"channel_pager.content", "herald.providers.beeper.errors"}
