"""Compose, Kubernetes and systemd run the same services, as the same users, in the same images."""

from __future__ import annotations

import re
import tomllib

import pytest

from unit.deploy.compose_file import (
    HERALD,
    JOBS,
    OWN_CHANNELS,
    PACKAGED,
    ROOT,
    SERVICES,
    image_environment,
)

KUBERNETES = "\n".join(
    path.read_text() for path in sorted((ROOT / "deploy" / "k8s").rglob("*.yaml"))
)
SYSTEMD = {
    path.stem: path.read_text() for path in (ROOT / "deploy/systemd/environment").glob("*.env")
}
_BROKER_USER = re.compile(r"HERALD_AMQP_URL\W+(?:value: )?[^\n]*//(herald-[a-z]+)@")
_IMAGE = re.compile(r"image: (herald-[a-z-]+)\b")
_TAG = re.compile(r"newTag: ([\d.]+)\}")  # a laptop runs `dev`
_GRACE = re.compile(r"terminationGracePeriodSeconds: (\d+)")


def _compose_users() -> dict[str, str]:
    urls = {name: SERVICES[name]["environment"].get("HERALD_AMQP_URL", "") for name in HERALD}
    return {name: url.split("//")[1].split("@")[0] for name, url in urls.items() if url}


def test_kubernetes_runs_images_that_are_built() -> None:
    """Nothing is misspelt, and every service's image is used but the sandbox's."""
    used = set(_IMAGE.findall(KUBERNETES))
    built = {f"herald-{name}" for name in (*PACKAGED, "tools")}
    assert used <= built
    assert {"herald-router", "herald-ingress", "herald-tools"} <= used


def test_kubernetes_runs_the_version_that_is_built() -> None:
    """`make images` tags images with the packages' version, which is one for all of them."""
    projects = sorted(ROOT.glob("s*/**/pyproject.toml"))
    versions = {tomllib.loads(path.read_text())["project"]["version"] for path in projects}
    assert len(projects) > len(PACKAGED)
    assert versions == set(_TAG.findall(KUBERNETES))


@pytest.mark.parametrize("name", ["router", "ingress"])
def test_a_service_has_one_broker_user_everywhere(name: str) -> None:
    """Its rights are given to that one."""
    user = _compose_users()[name]
    assert user in _BROKER_USER.findall(KUBERNETES)
    assert f"//{user}@" in SYSTEMD[name]


@pytest.mark.parametrize("name", [name for name in HERALD if name.startswith("channel-")])
def test_a_channel_has_one_broker_user_everywhere(name: str) -> None:
    """Kubernetes makes it of the channel's name."""
    user = _compose_users()[name]
    assert user == f"herald-{name.removeprefix('channel-')}"
    if name not in OWN_CHANNELS:
        assert f"//{user}@" in SYSTEMD[name]


def test_kubernetes_sets_what_images_set() -> None:
    """Where both name a variable, they mean the same."""
    image = image_environment()
    written = dict(re.findall(r"name: (HERALD_\w+), value: \"?([^\"}\n]+)\"?", KUBERNETES))
    shared = image.keys() & written.keys()
    assert {"HERALD_CONFIG", "HERALD_OPERATIONS_PORT", "HERALD_HTTP_PORT"} <= shared
    assert {name: written[name] for name in shared} == {name: image[name] for name in shared}


def test_every_way_gives_a_service_the_same_time_to_end() -> None:
    """What Compose gives is what systemd gives, and Kubernetes at least as much."""
    grace = int(SERVICES["router"]["stop_grace_period"].removesuffix("s"))
    unit = (ROOT / "deploy/systemd/units/herald@.service").read_text()
    assert f"TimeoutStopSec={grace}\n" in unit
    given = {int(seconds) for seconds in _GRACE.findall(KUBERNETES)}
    assert max(given) >= grace


def test_jobs_are_the_same_commands() -> None:
    """Kubernetes and systemd run what Compose's one-shot services run."""
    commands = [" ".join(SERVICES[name]["command"]) for name in JOBS]
    assert any(command.startswith("herald migrate --roles") for command in commands)
    assert "herald topology apply" in commands
    assert "[herald, topology, apply]" in KUBERNETES
    units = ROOT / "deploy/systemd/units"
    assert "herald topology apply" in (units / "herald-topology.service").read_text()
