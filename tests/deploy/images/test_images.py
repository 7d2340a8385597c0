"""What is in each image, and how it runs by itself."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

import pytest

from deploy.images.docker_engine import ROOT, Engine, Finished

VERSION = version("herald-shared")
SERVICES = sorted(path.parent.name for path in ROOT.glob("services/*/pyproject.toml"))
PACKAGES = {name.replace("-", "_") for name in SERVICES}
USAGE = 2
_PROBE = """
import json, os, importlib.util as finder, importlib.metadata as installed
print(json.dumps({
    "user": [os.getuid(), os.getgid()],
    "process": os.getpid(),
    "packages": [name for name in %r if finder.find_spec(name)],
    "ours": {d.name: d.version for d in installed.distributions() if d.name.startswith("herald-")},
    "pip": bool(finder.find_spec("pip")),
}))
"""

pytestmark = pytest.mark.timeout(600)  # the first one waits for all images


def _run(engine: Engine, name: str, *command: str) -> Finished:
    image = f"herald-{name}:{VERSION}"
    limits = ("--read-only", "--network", "none", "--cap-drop", "ALL")
    return engine.run("docker", "run", "--rm", *limits, image, *command)


def _configuration(engine: Engine, name: str) -> dict[str, Any]:
    inspected = engine.must("docker", "image", "inspect", f"herald-{name}:{VERSION}")
    configuration: dict[str, Any] = json.loads(inspected)[0]["Config"]
    return configuration


@pytest.mark.parametrize("name", [*SERVICES, "tools"])
def test_an_image_holds_its_service_alone_and_runs_without_rights(
    images: Engine, name: str
) -> None:
    """Neither another service nor pip is in it; its user is 10001, its process is the first."""
    done = _run(images, name, "python", "-c", _PROBE % sorted(PACKAGES))
    found = json.loads(done.output)
    own = {} if name == "tools" else {f"herald-{name}": VERSION}
    shared = {} if name == "sandbox" else {"herald-shared": VERSION}
    assert found == {
        "user": [10001, 10001],
        "process": 1,
        "packages": [] if name == "tools" else [name.replace("-", "_")],
        "ours": own | shared,
        "pip": False,
    }


@pytest.mark.parametrize("name", [*SERVICES, "tools"])
def test_an_image_says_what_it_is(images: Engine, name: str) -> None:
    """Its labels have the version that was built; Docker is given a way to ask for its health."""
    configuration = _configuration(images, name)
    labels = configuration["Labels"]
    assert labels["org.opencontainers.image.title"] == f"herald-{name}"
    assert labels["org.opencontainers.image.version"] == VERSION
    assert configuration["User"] == "10001:10001"
    assert configuration["Healthcheck"]["Test"][-1] == "/opt/herald/health.py"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_without_configuration_says_what_is_missing(images: Engine, name: str) -> None:
    """It ends with 2, and its last line names the variable or the file."""
    done = _run(images, name)
    missing = "sandbox.toml: No such file" if name == "sandbox" else "HERALD_AMQP_URL: not set"
    assert done.code == USAGE, done.output
    assert missing in done.output


def test_the_command_is_in_the_image_for_jobs(images: Engine) -> None:
    """A job runs it, and its last line says what is missing."""
    assert _run(images, "tools", "herald", "--version") == Finished(0, f"herald {VERSION}\n")
    done = _run(images, "tools", "herald", "config", "check")
    assert done.code == USAGE
    assert "/etc/herald/herald.toml: No such file or directory" in done.output


def test_a_service_that_does_not_answer_is_unhealthy(images: Engine) -> None:
    """The health check needs nothing but what is in the image."""
    done = _run(images, "router", *_configuration(images, "router")["Healthcheck"]["Test"][1:])
    assert done == Finished(1, "healthz: no answer\n")
