"""What README and the pages show runs as it stands there."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import TypeAdapter
from pydantic_core import to_json

from herald.channel.definitions import GROUP
from herald.config.file import HeraldFile
from herald.contracts.commands import Route, SendMessage
from herald.contracts.content import Content
from herald.contracts.events import read_event
from herald.contracts.read_tokens import TokensFile
from herald.providers.http.loading import read_profile
from herald.providers.registry import AnyAccount
from herald_local.stack import Stack
from sandbox.loading import load
from sandbox.settings import SandboxFile

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "ADDING_A_PROVIDER.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
NOT_RUN = {"", "mermaid"}  # output, and drawings


def blocks(language: str) -> list[Any]:
    """List the blocks of a language, named by page and place."""
    return [
        pytest.param(match[2], id=f"{page.name}:{page.read_text()[: match.start()].count(chr(10))}")
        for page in PAGES
        if page.exists()
        for match in _BLOCK.finditer(page.read_text())
        if match[1] == language
    ]


def run(command: list[str], stack: Stack) -> str:
    """Run a command as a user of the stack; fail when it does."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        command,
        env={**os.environ, **stack.environment, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.mark.parametrize("block", blocks("python"))
def test_python_runs(stack: Stack, block: str) -> None:
    """Every Python example runs to its end."""
    run([sys.executable, "-c", block], stack)


def test_the_plain_client_shows_the_fallback(stack: Stack) -> None:
    """README's pika example prints the answer, the fallback and the delivery by SMS."""
    [block] = [item.values[0] for item in blocks("python") if "import pika" in item.values[0]]
    printed = run([sys.executable, "-c", block], stack)
    for line in (
        "herald.command.accepted.v1 None queued",
        "herald.message.fallback.v1 whatsapp queued",
        "herald.message.delivered.v1 sms delivered",
    ):
        assert line in printed


@pytest.mark.parametrize("block", blocks("sh"))
def test_commands_run(stack: Stack, block: str) -> None:
    """Every block of `herald` commands works; those of `make` are what runs this very test."""
    if block.startswith("make "):
        assert all(line.startswith("make ") for line in block.splitlines())
    else:
        run(["bash", "-ec", block], stack)


@pytest.mark.parametrize("block", blocks("json"))
def test_json_is_what_it_says(block: str) -> None:
    """Every JSON example is an event, a command, a content or a route, and reads as one."""
    document = json.loads(block)
    if "specversion" in document:
        read_event(block.encode())
    elif "to" in document:
        SendMessage.model_validate_json(block)
    elif "steps" in document:
        Route.model_validate_json(block)
    else:
        Content.model_validate_json(block)


@pytest.mark.parametrize("block", blocks("toml"))
def test_settings_are_read(block: str, tmp_path: Path) -> None:
    """Each shown file reads as what it is."""
    match tomllib.loads(block):
        case {"tokens": _} as document:
            TokensFile.model_validate(document)
        case {"send": _}:
            read_profile(block, "profile.toml")
        case {"accounts": accounts}:
            TypeAdapter(dict[str, AnyAccount]).validate_python(accounts)
        case document if document.keys() <= HeraldFile.model_fields.keys():
            for name, part in document.items():
                kind: Any = HeraldFile.model_fields[name].annotation
                TypeAdapter(kind).validate_json(to_json(part))
        case {"project": {"entry-points": groups}}:
            assert list(groups) == [GROUP]
        case _:
            assert settings_of_the_sandbox(block, tmp_path / "sandbox.toml").requests_file


def settings_of_the_sandbox(block: str, file: Path) -> SandboxFile:
    """Read the sandbox's settings, with a key for the one that no page shows."""
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
    )
    shown = 'private_key = "..."'
    assert shown in block
    file.write_text(block.replace(shown, f'private_key = "{base64.b64encode(key).decode()}"'))
    return load(file)


def test_every_block_is_tried_or_said_not_to_be() -> None:
    """A block in another language needs a test of its own first."""
    tried = {"python", "sh", "json", "toml"} | NOT_RUN
    for page in PAGES:
        if page.exists():
            assert {match[1] for match in _BLOCK.finditer(page.read_text())} <= tried, page.name


@pytest.mark.parametrize("page", [page for page in PAGES if page.exists()], ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file, and a heading of it."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        linked = page.parent / name if name else page
        assert linked.exists(), target
        if anchor:
            assert anchor in {_anchor(line) for line in linked.read_text().splitlines()}, target


def _anchor(line: str) -> str | None:
    """Return the anchor that a heading gets."""
    if not line.startswith("#"):
        return None
    return re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
