"""Which environment turns tracing on, and what is said of one that is wrong."""

from __future__ import annotations

import pytest

from herald.tracing.settings import TracingSettings, read_tracing

ON = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}


def read(**changes: str) -> tuple[TracingSettings | None, list[str]]:
    problems: list[str] = []
    return read_tracing(ON | changes, problems, is_installed=True), problems


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": " "},
        {"OTEL_TRACES_SAMPLER": "nonsense"},
        ON | {"OTEL_SDK_DISABLED": "TRUE"},
        ON | {"OTEL_TRACES_EXPORTER": "none", "OTEL_TRACES_SAMPLER": "nonsense"},
    ],
)
def test_off(environment: dict[str, str]) -> None:
    """Without a collector, or where it is turned off, nothing else is looked at."""
    problems: list[str] = []
    assert read_tracing(environment, problems, is_installed=False) is None
    assert problems == []


def test_on() -> None:
    """A collector's address is enough: then every trace is recorded."""
    assert read() == (TracingSettings(), [])


def test_an_address_for_traces_alone() -> None:
    """It turns tracing on as the general one does."""
    problems: list[str] = []
    only = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://collector/v1/traces"}
    assert read_tracing(only, problems, is_installed=True) == TracingSettings()
    assert problems == []


def test_sampling() -> None:
    """The standard's names and shares."""
    found, problems = read(
        OTEL_TRACES_SAMPLER="parentbased_traceidratio",
        OTEL_TRACES_SAMPLER_ARG="0.01",
        OTEL_BSP_MAX_QUEUE_SIZE="500",
    )
    assert problems == []
    assert found == TracingSettings(sampler="parentbased_traceidratio", ratio=0.01, max_queue=500)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_TRACES_SAMPLER", "often"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "many"),
    ],
)
def test_what_is_wrong_is_named(name: str, value: str) -> None:
    """A service says which variable is at fault instead of tracing nothing without a word."""
    _, problems = read(**{name: value})
    assert [problem.partition(":")[0] for problem in problems] == [name]


@pytest.mark.parametrize("share", ["1.5", "-0.1", "nan", "half"])
def test_a_share_is_between_nothing_and_all(share: str) -> None:
    """The library would record everything instead, which may be a thousand times too much."""
    _, problems = read(OTEL_TRACES_SAMPLER="traceidratio", OTEL_TRACES_SAMPLER_ARG=share)
    assert problems == ["OTEL_TRACES_SAMPLER_ARG: must be a share between 0 and 1"]


def test_an_address_is_not_repeated() -> None:
    """It may hold a password."""
    _, problems = read(OTEL_EXPORTER_OTLP_ENDPOINT="ftp://user:hunter2@collector")
    assert "hunter2" not in "".join(problems)


def test_without_the_extra_it_says_what_is_missing() -> None:
    """The extra's name is what to install."""
    problems: list[str] = []
    read_tracing(ON, problems, is_installed=False)
    assert problems == [
        "OTEL_EXPORTER_OTLP_ENDPOINT: tracing is not installed: herald-shared[tracing]"
    ]
