"""deploy/compose.yaml as Python objects, with the files that it reads written for a test."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
FILE = ROOT / "deploy" / "compose.yaml"
PACKAGED = (
    "router",
    "channel-whatsapp",
    "channel-sms",
    "channel-email",
    "ingress",
    "sandbox",
)
OWN_CHANNELS = ("channel-telegram",)  # that the `herald` command runs
HERALD = (*PACKAGED, *OWN_CHANNELS)
JOBS = ("permissions", "topology", "migrate")
_VARIABLE = re.compile(r"\$\{(\w+)(?::[-?][^}]*)?\}")

COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def image_environment() -> dict[str, str]:
    """Return the HERALD_* variables that every image has."""
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    return dict(re.findall(r"^(?:ENV|   ) (HERALD_\w+)=(\S+)", text, re.MULTILINE))


def lay_out(service: str, files: Path, root: Path) -> dict[str, str]:
    """Put what a container of `service` finds in its file system below `root`.

    `files` is what `make compose-files` wrote. Returns the container's environment, its paths
    below `root`.
    """
    wanted = SERVICES[service]
    for kind in ("configs", "secrets"):
        for entry in wanted.get(kind, []):
            path = root / f"run/{kind}" / entry["target"]
            if entry["target"].startswith("/"):
                path = root / entry["target"].lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(_source(COMPOSE[kind][entry["source"]]["file"], files), path)
    for volume in wanted.get("volumes", []):
        source, target, *_ = volume.split(":")
        if source.startswith("$"):
            shutil.copytree(_source(source, files), root / target.lstrip("/"))
    environment = image_environment() | wanted.get("environment", {})
    is_path = re.compile(r"^/[\w./-]+$")
    return {
        name: f"{root}{value}" if is_path.match(value) else value
        for name, value in environment.items()
    }


def _source(written: str, files: Path) -> Path:
    """Return the file that the compose file means: ${HERALD_FILES}, or its own folder."""
    path = _VARIABLE.sub(lambda match: str(files) if match[1] == "HERALD_FILES" else "", written)
    return Path(path) if path.startswith("/") else FILE.parent / path
