"""The manifests as `kubectl kustomize` builds them, of every overlay and example."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Resource = dict[str, Any]

# another folder than the repository's own, to try the checks on
FOLDER = Path(os.environ.get("DEPLOY_K8S", "deploy/k8s"))
PARTS = ("overlays", "examples")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class BuildError(Exception):
    """An overlay can't be built; the text says which and why."""


@cache
def built() -> dict[str, list[Resource]]:
    """Return the resources of each overlay and example, by its name.

    Raises:
        BuildError: naming each that can't be built.
    """
    folders = sorted(
        path.parent for part in PARTS for path in FOLDER.glob(f"{part}/*/kustomization.yaml")
    )
    with ThreadPoolExecutor(2) as pool:
        texts = list(pool.map(_build, folders))
    problems = [text.problem for text in texts if text.problem]
    if problems:
        raise BuildError("\n".join(problems))
    return {
        folder.name: [each for each in yaml.load_all(text.manifests, _Loader) if each]
        for folder, text in zip(folders, texts, strict=True)
    }


def named(resource: Resource) -> str:
    """Return how a finding names a resource."""
    return f"{resource['kind']}/{resource['metadata']['name']}"


def of_kind(resources: list[Resource], *kinds: str) -> list[Resource]:
    """Return the resources of some kinds."""
    return [each for each in resources if each["kind"] in kinds]


def pods(resources: list[Resource]) -> list[tuple[str, Resource, Resource]]:
    """Return of each workload its name for findings, the resource, and its pods' template."""
    return [
        (named(each), each, each["spec"]["template"])
        for each in of_kind(resources, "Deployment", "StatefulSet", "Job")
    ]


class _Text:
    def __init__(self, manifests: str = "", problem: str = "") -> None:
        self.manifests = manifests
        self.problem = problem


def _build(folder: Path) -> _Text:
    command = ["kubectl", "kustomize", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return _Text(problem=f"{folder}: {done.stderr.strip()}")
    return _Text(manifests=done.stdout)
