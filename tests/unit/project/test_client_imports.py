"""The Python client stands on few libraries: those of `pip install herald-shared`."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "shared/pyproject.toml").read_text())["project"]
UNDER_AIO_PIKA = {"aiormq", "pamqp"}  # the client has them, too, in no fixed version
MAIN = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Refuse())
import {modules}
"""


@cache
def _blocked() -> set[str]:
    """Return the modules of what only the extras ask for."""
    wanted = [line for extra in PROJECT["optional-dependencies"].values() for line in extra]
    names = {re.split(r"[\[=<>]", line)[0] for line in wanted} - UNDER_AIO_PIKA - {"herald-shared"}
    return {
        module
        for module, distributions in packages_distributions().items()
        if any(distribution.replace("_", "-") in names for distribution in distributions)
    }


def _import(modules: str) -> subprocess.CompletedProcess[str]:
    program = MAIN.format(blocked=_blocked(), modules=modules)
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )


def test_the_client_needs_none_of_the_servers_libraries() -> None:
    """Importing it works where no extra is installed."""
    done = _import("herald.contracts, herald.client, herald.client.operator")
    assert done.returncode == 0, done.stderr


def test_a_service_does_need_them() -> None:
    """The imports that are refused here are really refused."""
    assert {"asyncpg", "faststream", "prometheus_client", "starlette", "typer"} <= _blocked()
    assert "ModuleNotFoundError" in _import("herald.bus.connections").stderr
