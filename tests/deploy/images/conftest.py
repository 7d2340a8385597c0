"""Images of every service, built on a stand-in for their base in an engine of the session's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.images.docker_engine import ROOT, Engine, running_engine

STAND_INS = ROOT / ".run" / "images"
BASE = "python:3.11-slim-bookworm"
SERVERS = "herald-stand-in-servers"
# as the published image of Python has it
PATH = "ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    with running_engine(STAND_INS / "docker") as running:
        yield running


@pytest.fixture(scope="session")
def images(engine: Engine) -> Engine:
    """Build all images; what has not changed since the last time is taken from the cache."""
    _import(engine, "python", BASE)
    engine.must("deploy/image/build")
    return engine


@pytest.fixture(scope="session")
def servers(engine: Engine) -> Engine:
    """Have an image with the servers that services need."""
    _import(engine, "servers", SERVERS)
    return engine


def _import(engine: Engine, name: str, image: str) -> None:
    """Make an image of a stand-in's archive, unless the one that is there was made of it."""
    key = (STAND_INS / f"{name}.key").read_text().strip()
    there = engine.run("docker", "image", "inspect", "--format", "{{.Config.Labels.key}}", image)
    if there.output.strip() != key:
        archive: Path = STAND_INS / f"{name}.tar"
        changes = ["--change", PATH, "--change", f"LABEL key={key}"]
        engine.must("docker", "import", *changes, str(archive), image)
