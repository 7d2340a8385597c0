"""Which schema a resource is held to, all of them closed: an unknown field is an error.

Kubernetes' own kinds: the schemas inside kubernetes-validate. KEDA, Prometheus operator,
cert-manager: the models of the cloudcoil packages. Others: schemas/*.yaml.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from environment import VENV
from jsonschema import Draft202012Validator, ValidationError
from kubernetes_validate import utils as kubernetes

KUBERNETES = ("1.32", "1.37")  # the oldest and the newest version that the manifests are for
Schema = dict[str, Any]

# API version: the module that has models of its kinds, and the package it is of
PACKAGED = {
    "keda.sh/v1alpha1": ("cloudcoil.models.keda.v1alpha1", "cloudcoil-models-keda"),
    "monitoring.coreos.com/v1": (
        "cloudcoil.models.prometheus_operator.v1",
        "cloudcoil-models-prometheus-operator",
    ),
    "cert-manager.io/v1": ("cloudcoil.models.cert_manager.v1", "cloudcoil-models-cert-manager"),
}
# it reads two files of megabytes again for each resource
kubernetes.schema_contents = cache(kubernetes.schema_contents)
WRITTEN = Path(__file__).parent / "schemas"


class SchemaOf:
    """Finds the schema of a kind that is not Kubernetes' own, and keeps it."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Draft202012Validator | None] = {}
        self._written = {
            (part["apiVersion"], kind): schema
            for path in sorted(WRITTEN.glob("*.yaml"))
            for part in yaml.safe_load_all(path.read_text())
            for kind, schema in part["kinds"].items()
        }

    @property
    def used(self) -> int:
        """How many kinds were asked for."""
        return len(self._kept)

    def __call__(self, api: str, kind: str) -> Draft202012Validator | None:
        """Return what a resource is held to; None: Kubernetes' own schema, if anything."""
        if (api, kind) not in self._kept:
            schema = self._schema(api, kind)
            self._kept[api, kind] = schema and Draft202012Validator(schema)
        return self._kept[api, kind]

    def _schema(self, api: str, kind: str) -> Schema | None:
        if api in PACKAGED:
            return _packaged(*PACKAGED[api], kind)
        written = self._written.get((api, kind))
        return closed({"type": "object", "properties": _resource(written)}) if written else None


def problems(resource: dict[str, Any], schema_of: SchemaOf) -> Iterator[str]:
    """Say what is wrong with a resource, with the path of each fault."""
    validator = schema_of(resource["apiVersion"], resource["kind"])
    if validator is not None:
        for error in map(_deepest, validator.iter_errors(resource)):
            yield f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
        return
    for kubernetes_version in KUBERNETES:
        try:
            kubernetes.validate(resource, kubernetes_version, strict=True)
        except kubernetes.ValidationError as error:
            path = ".".join(map(str, error.path))
            yield f"{path}: {error.message} (Kubernetes {kubernetes_version})"
        except kubernetes.SchemaNotFoundError:
            yield f"no schema is known for {resource['apiVersion']} {resource['kind']}"


def closed(schema: Any) -> Any:
    """Return a schema that allows no field it does not name, at any depth."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict):
        inner.setdefault("additionalProperties", False)
    return inner


def _resource(spec: Schema) -> Schema:
    names = {"type": "object", "additionalProperties": {"type": "string"}}
    metadata = {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string"},
            "namespace": {"type": "string"},
            "labels": names,
            "annotations": names,
        },
    }
    known = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}
    return {**known, "metadata": metadata, "spec": spec}


def _packaged(module: str, package: str, kind: str) -> Schema:
    """Return a model's schema; it takes seconds to make, so it is kept beside its package."""
    kept = VENV / "schemas" / f"{package}-{version(package)}-{kind}.json"
    if not kept.exists():
        model = getattr(import_module(module), kind)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(closed(model.model_json_schema(by_alias=True))))
    schema: Schema = json.loads(kept.read_text())
    return schema


def _deepest(error: ValidationError) -> ValidationError:
    """Return the fault of the most likely branch, where there are several."""
    while error.context:
        error = max(error.context, key=lambda each: len(each.absolute_path))
    return error
