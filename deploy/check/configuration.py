"""Whether each overlay's herald.toml can be used, and fits the manifests beside it."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import ValidationError

from herald.config.file import HeraldFile
from herald.config.loading import ConfigurationError, load_configuration
from herald.config.validation_messages import describe
from herald.contracts.metrics import METRICS

_METRIC = re.compile(r"\bherald_[a-z_]+")
OVERLAYS = Path(os.environ.get("DEPLOY_K8S", "deploy/k8s")) / "overlays"


def main() -> int:
    paths = sorted(OVERLAYS.glob("*/herald.toml"))
    found = [f"{path}: {problem}" for path in paths for problem in problems(path)]
    found += [f"overlays/dev: {problem}" for problem in problems_with_secrets(OVERLAYS / "dev")]
    found += unknown_metrics(OVERLAYS.parent / "components")
    print("\n".join(found) or f"{len(paths)} files")
    return 1 if found else 0


def problems(path: Path) -> Iterator[str]:
    """Say what is wrong with a file, without the secrets it names."""
    try:
        file = HeraldFile.model_validate_json(json.dumps(tomllib.loads(path.read_text())))
    except ValidationError as error:
        yield from describe(error)
        return
    users = {"router": file.services.router, "ingress": file.services.ingress}
    users |= {channel: file.services.users_of(channel) for channel in file.channels}
    for name, named in users.items():
        if named != (f"herald-{name}",):
            yield f"services: the manifests connect {name} as herald-{name}"
    components = path.parent / "kustomization.yaml"
    for component in yaml.safe_load(components.read_text())["components"]:
        yield from _host_problems(path.parent / component, file.ingress.public_base_url)


def problems_with_secrets(overlay: Path) -> Iterator[str]:
    """Say what is wrong with a file and its secrets, as they are mounted."""
    with tempfile.TemporaryDirectory() as name:
        mounted = Path(name)
        shutil.copy(overlay / "herald.toml", mounted)
        shutil.copytree(overlay / "secrets", mounted / "secrets")
        for file in (mounted / "secrets").iterdir():
            file.chmod(0o440)
        try:
            configuration = load_configuration(mounted / "herald.toml")
            configuration.secrets_for(list(configuration.file.accounts))
            configuration.masking_key()
        except ConfigurationError as error:
            yield str(error)


def unknown_metrics(components: Path) -> Iterator[str]:
    """Name metrics that autoscalers ask for and Herald does not have."""
    for path in sorted(components.rglob("*.yaml")):
        if "kind: ScaledObject" in path.read_text():
            for found in sorted(set(_METRIC.findall(path.read_text()))):
                if found.removesuffix("_bucket") not in METRICS:
                    yield f"{path}: there is no metric {found}"


def _host_problems(component: Path, public_base_url: str) -> Iterator[str]:
    """Twilio signs the URL that it calls: it must be that of the way in."""
    for name in ("ingress.yaml", "gateway.yaml"):
        path = component / name
        if component.name.startswith("public-") and path.exists():
            host = public_base_url.partition("://")[2]
            if host not in path.read_text():
                yield f"ingress.public_base_url: {path} has another host than {host}"


if __name__ == "__main__":
    sys.exit(main())
