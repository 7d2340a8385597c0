"""Writing pairs into the configuration of a stack on loopback: Herald's side and the sandbox's."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from herald_local.ports import LOOPBACK
from provider_pairs.pairs import Pair, Places

FOLDER = Path(__file__).parent
_NOT_PROVIDERS = {"pairs", "writing"}


def places(ports: Mapping[str, int], smpp_port: int) -> Places:
    """Return where the parts of a stack find each other."""
    return Places(
        ingress_url=f"http://{LOOPBACK}:{ports['ingress']}",
        sandbox_url=f"http://{LOOPBACK}:{ports['sandbox']}",
        smtp_port=ports["sandbox.smtp"],
        smpp_port=smpp_port,
    )


def all_pairs(where: Places) -> list[Pair]:
    """Return the pairs of every provider, sorted by name."""
    modules = sorted({path.stem for path in FOLDER.glob("[a-z]*.py")} - _NOT_PROVIDERS)
    found = [pair for name in modules for pair in _module_pairs(name, where)]
    return sorted(found, key=lambda pair: pair.name)


def _module_pairs(name: str, where: Places) -> list[Pair]:
    pairs: list[Pair] = import_module(f"provider_pairs.{name}").pairs(where)
    return pairs


def with_options(pair: Pair, **options: Any) -> Pair:
    """Give an account more options."""
    return replace(pair, account={**pair.account, **options})


def write_pairs(home: Path, pairs: Iterable[Pair]) -> None:
    """Add accounts, secrets, senders and the sandbox's side of them to a stack's files."""
    herald, sandbox = [], []
    for pair in pairs:
        account = dict(pair.account)
        if pair.secrets:
            account["secrets_file"] = f"secrets/{pair.name}.toml"
            _write_secrets(home / account["secrets_file"], pair.secrets)
        herald.append(table(f"accounts.{pair.name}", account))
        if pair.sender is not None:
            herald.append(table(f"senders.{pair.name}", {pair.channel: pair.sender}))
        if pair.sandbox:
            sandbox.append(table(f"{pair.part}.{pair.name}", pair.sandbox))
    _append(home / "herald.toml", herald)
    _append(home / "sandbox.toml", sandbox)


def table(name: str, values: Mapping[str, Any]) -> str:
    """Write a table of TOML."""
    lines = [f"{key} = {_value(value)}" for key, value in values.items()]
    return "\n".join([f"\n[{name}]", *lines, ""])


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(f"{json.dumps(key)} = {_value(item)}" for key, item in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _write_secrets(file: Path, secrets: Mapping[str, Any]) -> None:
    file.touch(mode=0o600)
    file.write_text(table("x", secrets).partition("]\n")[2])


def _append(file: Path, tables: Iterable[str]) -> None:
    with file.open("a") as written:
        written.writelines(tables)
