"""The sandbox's side of every account: what a provider's console would hold."""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from sandbox.signing import SendGridSigner

Url = Annotated[str, Field(pattern=r"^https?://\S+$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SmtpSink(_Part):
    """The SMTP server; without credentials it takes mail from anybody."""

    port: int = Field(ge=1, le=65_535)
    username: str | None = None
    password: SecretStr | None = None


class WhatsAppNumber(_Part):
    """A phone number on the Graph API."""

    phone_number_id: str
    waba_id: str
    display_phone_number: str
    access_token: SecretStr
    app_secret: SecretStr
    webhook_url: Url


class TwilioProject(_Part):
    """A Twilio account; status callbacks go where each request says."""

    account_sid: str
    auth_token: SecretStr
    inbound_url: Url


class SendGridUser(_Part):
    """A SendGrid account; `private_key` signs its event webhook (base64 PKCS8 DER, P-256)."""

    api_key: SecretStr
    private_key: SecretStr
    webhook_url: Url

    @field_validator("private_key")
    @classmethod
    def _signs(cls, key: SecretStr) -> SecretStr:
        try:
            SendGridSigner(key.get_secret_value())
        except (TypeError, ValueError):  # their words could repeat the key
            raise ValueError("not a P-256 private key in base64 PKCS8 DER") from None
        return key


class Pace(_Part):
    """How fast the outside world moves."""

    answer_delay_ms: int = Field(default=0, ge=0)
    webhook_delay_ms: int = Field(default=50, ge=0)
    late_seconds: float = Field(default=4.0, ge=0)
    slow_seconds: float = Field(default=15.0, ge=0)
    retry_after_seconds: int = Field(default=1, ge=1)


class WebhookRules(_Part):
    """Whether webhooks are sent at all; off for benchmarks of the way out."""

    enabled: bool = True


class SandboxFile(_Part):
    """All of `sandbox.toml`."""

    requests_file: Path = Path("requests.jsonl")
    smtp: SmtpSink | None = None
    whatsapp: dict[str, WhatsAppNumber] = Field(default_factory=dict)
    twilio: dict[str, TwilioProject] = Field(default_factory=dict)
    sendgrid: dict[str, SendGridUser] = Field(default_factory=dict)
    pace: Pace = Pace()
    webhooks: WebhookRules = WebhookRules()


def load(path: Path) -> SandboxFile:
    """Read the configuration; `requests_file` is relative to it.

    Raises:
        ValueError: one line for each error, with its path in the file.
    """
    try:
        file = SandboxFile.model_validate(tomllib.loads(path.read_text()))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except ValidationError as error:
        lines = [
            f"{path}: {'.'.join(map(str, item['loc']))}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise ValueError("\n".join(lines)) from None
    except tomllib.TOMLDecodeError:
        raise ValueError(f"{path}: not TOML") from None
    return file.model_copy(update={"requests_file": path.parent / file.requests_file})


def load_or_exit() -> SandboxFile:
    """Read the file that HERALD_SANDBOX_CONFIG names; print every error and exit with 2."""
    try:
        return load(Path(os.environ.get("HERALD_SANDBOX_CONFIG", "sandbox.toml")))
    except ValueError as error:
        print(error, file=sys.stderr)  # noqa: T201  there is no log yet
        raise SystemExit(2) from None
