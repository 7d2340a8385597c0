"""Whether and how to trace, from OpenTelemetry's own environment variables.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/: the variables
that are not read here (headers, certificates, compression, time limits) are read by its SDK.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import urlsplit

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
EXPORTER = "OTEL_TRACES_EXPORTER"
DISABLED = "OTEL_SDK_DISABLED"
SAMPLER = "OTEL_TRACES_SAMPLER"
SAMPLER_ARGUMENT = "OTEL_TRACES_SAMPLER_ARG"
MAX_QUEUE = "OTEL_BSP_MAX_QUEUE_SIZE"

DEFAULT_SAMPLER = "parentbased_always_on"
DEFAULT_QUEUE = 2048
_PROTOCOL = "http/protobuf"
_RATIOS = ("traceidratio", "parentbased_traceidratio")
_SAMPLERS = (
    *("always_on", "always_off", DEFAULT_SAMPLER, "parentbased_always_off"),
    *_RATIOS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TracingSettings:
    """Which share of traces is recorded, and how many spans may wait for the collector."""

    sampler: str = DEFAULT_SAMPLER
    ratio: float = 1.0  # for the samplers that take one
    max_queue: int = DEFAULT_QUEUE


def read_tracing(
    environment: Mapping[str, str], problems: list[str], *, is_installed: bool | None = None
) -> TracingSettings | None:
    """Read the settings; None: tracing is off. What is wrong is added to `problems`."""
    # an empty variable is as good as none, says the specification
    given = {name: value.strip() for name, value in environment.items() if value.strip()}
    endpoint = TRACES_ENDPOINT if TRACES_ENDPOINT in given else ENDPOINT
    if endpoint not in given or _is_off(given, problems):
        return None
    if not (_has_sdk() if is_installed is None else is_installed):
        problems.append(f"{endpoint}: tracing is not installed: herald-shared[tracing]")
    url = urlsplit(given[endpoint])
    if url.scheme not in {"http", "https"} or not url.hostname:
        problems.append(f"{endpoint}: must be an http:// or https:// URL")
    problems += [
        f"{name}: only {_PROTOCOL} is spoken"
        for name in PROTOCOLS
        if given.get(name, _PROTOCOL) != _PROTOCOL
    ]
    sampler = given.get(SAMPLER, DEFAULT_SAMPLER).lower()
    if sampler not in _SAMPLERS:
        problems.append(f"{SAMPLER}: must be one of {', '.join(_SAMPLERS)}")
    return TracingSettings(
        sampler=sampler,
        ratio=_ratio(given, problems) if sampler in _RATIOS else 1.0,
        max_queue=_max_queue(given, problems),
    )


def _is_off(given: Mapping[str, str], problems: list[str]) -> bool:
    exporter = given.get(EXPORTER, "otlp")
    if exporter not in {"otlp", "none"}:
        problems.append(f"{EXPORTER}: must be otlp or none")
    return exporter == "none" or given.get(DISABLED, "").lower() == "true"


def _ratio(given: Mapping[str, str], problems: list[str]) -> float:
    try:
        ratio = float(given.get(SAMPLER_ARGUMENT, "1"))
    except ValueError:
        ratio = math.nan
    if not 0 <= ratio <= 1:
        problems.append(f"{SAMPLER_ARGUMENT}: must be a share between 0 and 1")
        return 1.0
    return ratio


def _max_queue(given: Mapping[str, str], problems: list[str]) -> int:
    text = given.get(MAX_QUEUE, str(DEFAULT_QUEUE))
    if not text.isdigit() or int(text) == 0:
        problems.append(f"{MAX_QUEUE}: must be a number of spans")
        return DEFAULT_QUEUE
    return int(text)


def _has_sdk() -> bool:
    """Whether the exporter is installed; only its outermost package is imported, if any."""
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False
