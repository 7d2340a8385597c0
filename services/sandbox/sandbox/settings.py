"""The parts of `sandbox.toml` that are no provider's, and what providers' parts are made of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

Url = Annotated[str, Field(pattern=r"^https?://\S+$")]


class Section(BaseModel):
    """A part of the file; a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Pace(Section):
    """How fast the outside world moves."""

    answer_delay_ms: int = Field(default=0, ge=0)
    webhook_delay_ms: int = Field(default=50, ge=0)
    late_seconds: float = Field(default=4.0, ge=0)
    slow_seconds: float = Field(default=15.0, ge=0)
    retry_after_seconds: int = Field(default=1, ge=1)


class WebhookRules(Section):
    """Whether webhooks are sent at all; off for benchmarks of sending alone."""

    enabled: bool = True


class ProxySettings(Section):
    """An HTTP proxy."""

    port: int = Field(ge=1, le=65_535)
    host: str = Field(default="127.0.0.1", min_length=1)  # where it listens
    username: str
    password: SecretStr
    address: str | None = None  # where it calls from; none: as the system has it


class SandboxFile(Section):
    """All of `sandbox.toml`; `loading` adds a field for each provider."""

    requests_file: Path = Path("requests.jsonl")
    pace: Pace = Pace()
    webhooks: WebhookRules = WebhookRules()
    proxies: dict[str, ProxySettings] = Field(default_factory=dict)
