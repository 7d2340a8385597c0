#!/usr/bin/env python3
"""Fail when a module imports what its place in the house forbids.

The services, the providers and the modules that call themselves pure are found in the tree, so that
a new one is held to the rules without being listed.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from importlinter.cli import lint_imports

RUNNER = "herald_local"
SANDBOX = "sandbox"
# from the highest to the lowest; beside `:` modules may import each other, beside `|` they may not
HERALD_LAYERS = [
    "cli",
    "conformance",
    "channel | client",
    "config",
    "files | templates",
    "egress | sessions",
    "providers",
    "service : bus : database : tracing",
    "http",
    "contracts",
]
ROUTER_LAYERS = [
    "running",
    "app",
    "consumers | publications | tenant_turns",
    "handlers | jobs | read_api",
    "batches | plan_answers",
    "parsing | unit_of_work",
    "questions",
    "outbox | decisions | quotes | clearances | consent_changes",
    "metrics",
    "store | outgoing | counting | repeated_deliveries | traces",
    "delay_counts",
    "dead_letters",
    "commands",
    "core",
]
ALWAYS_PURE = ["herald.contracts", "router.core"]
PURE_IN_A_PROVIDER = ("account", "errors", "webhooks")
INPUT_OUTPUT = [
    *("aio_pika", "aiohttp", "aiormq", "aiosmtpd", "aiosmtplib", "asyncio", "asyncpg"),
    *("faststream", "http", "prometheus_client", "socket", "ssl", "starlette", "structlog"),
    *("subprocess", "uvicorn"),
]
_CALLS_ITSELF_PURE = re.compile(r"\bPure(?=[.:,])")


def packages(folder: Path) -> list[str]:
    """Return the Python packages right in `folder`."""
    return sorted(path.parent.name for path in folder.glob("*/__init__.py"))


def services(root: Path) -> list[str]:
    """Return the package of each service."""
    return sorted(name for project in (root / "services").iterdir() for name in packages(project))


def pure_modules(root: Path) -> Iterator[str]:
    """Return the modules and packages whose docstring says that they are pure."""
    for base in (root / "shared", *sorted((root / "services").iterdir())):
        for path in sorted(base.rglob("*.py")):
            docstring = ast.get_docstring(ast.parse(path.read_text(), str(path)))
            if docstring and _CALLS_ITSELF_PURE.search(docstring):
                parts = path.relative_to(base).with_suffix("").parts
                yield ".".join(parts).removesuffix(".__init__")


def _pure_in_providers(root: Path, providers: list[str]) -> Iterator[str]:
    for provider in providers:
        folder = root / "shared" / provider.replace(".", "/")
        for module in PURE_IN_A_PROVIDER:
            if (folder / f"{module}.py").exists():
                yield f"{provider}.{module}"


def contracts(root: Path) -> list[dict[str, Any]]:
    """Return every rule, in import-linter's own terms."""
    all_services = services(root)
    providers = [f"herald.providers.{name}" for name in packages(root / "shared/herald/providers")]
    channels = [name for name in all_services if name.startswith("channel_")]
    pure = {*ALWAYS_PURE, *_pure_in_providers(root, providers), *pure_modules(root)}
    return [
        _layers("The layers of herald", "herald", HERALD_LAYERS, ["migrations"]),
        _layers("The layers of the router", "router", ROUTER_LAYERS, ["__main__"]),
        _independent("No service imports another: they meet on the bus", all_services),
        _independent("No provider imports another", providers),
        _forbidden(
            "What services stand on knows none of them", ["herald"], [*all_services, RUNNER]
        ),
        _forbidden("No service knows how it is run on one machine", all_services, [RUNNER]),
        _forbidden("The runner starts services as processes", [RUNNER], all_services),
        _forbidden("The sandbox stands on nothing of Herald", [SANDBOX], ["herald"]),
        _forbidden("Ingress sends nothing", ["ingress"], ["herald.providers.*.send"]),
        _forbidden(
            "A channel reads no webhooks",
            ["herald.channel", *channels],
            ["herald.providers.*.webhooks"],
        ),
        _forbidden(
            "What tries providers is for development alone",
            [*all_services, "herald.channel", "herald.config"],
            ["herald.conformance", "herald.providers.*.conformance"],
        ),
        _forbidden(
            "Pure modules do no I/O", sorted(pure), INPUT_OUTPUT, allow_indirect_imports=True
        ),
    ]


def _layers(name: str, container: str, layers: list[str], beside: list[str]) -> dict[str, Any]:
    return {
        "name": name,
        "type": "layers",
        "containers": [container],
        "layers": layers,
        "exhaustive": True,
        "exhaustive_ignores": beside,
    }


def _independent(name: str, modules: list[str]) -> dict[str, Any]:
    return {"name": name, "type": "independence", "modules": modules}


def _forbidden(name: str, source: list[str], forbidden: list[str], **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "type": "forbidden",
        "source_modules": source,
        "forbidden_modules": forbidden,
        **more,
    }


def main() -> int:
    root = Path.cwd()
    session = {
        "root_packages": ["herald", RUNNER, *services(root)],
        "include_external_packages": True,
    }
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(_toml(session, contracts(root)))
        file.flush()
        return lint_imports(config_filename=file.name, no_logo=True)


def _toml(session: dict[str, Any], rules: list[dict[str, Any]]) -> str:
    lines = ["[tool.importlinter]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in session.items()]
    for rule in rules:
        lines.append("[[tool.importlinter.contracts]]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in rule.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
