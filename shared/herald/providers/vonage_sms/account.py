"""The options of an account at Vonage's SMS API, and its secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, SecretStr

from herald.contracts.vocabulary import Receipts
from herald.providers.account import BaseUrl, NonEmptySecret, Secrets
from herald.providers.rates import Rate, RateProfile
from herald.providers.vonage_options import VonageOptions
from herald.providers.vonage_sms.rates import PROFILE
from herald.providers.vonage_sms.signature import SignatureMethod

# anybody may try to guess it, and nothing else proves who calls
WebhookToken = Annotated[SecretStr, Field(min_length=16, max_length=64)]


class VonageSmsSecrets(Secrets):
    api_secret: NonEmptySecret | None = None
    signature_secrets: tuple[NonEmptySecret, ...] = ()  # the first one signs our calls
    webhook_tokens: tuple[WebhookToken, ...] = ()  # the first one is given with our calls


class VonageSmsAccount(VonageOptions):
    """One API key at Vonage."""

    secrets_model: ClassVar[type[Secrets]] = VonageSmsSecrets

    provider: Literal["vonage_sms"]  # `vonage_sms`
    channel: Literal["sms"] = "sms"  # `sms`
    api_key: str = Field(pattern=r"^[0-9A-Za-z]{1,64}$")  # the account's API key
    base_url: BaseUrl = "https://rest.nexmo.com"  # where its API is
    signs_calls: bool = Field(
        default=False,
        description="Whether calls are signed with the signature secret, instead of carrying the"
        " API secret.",
    )
    signature_method: SignatureMethod = Field(
        default="sha256",
        description="As the API settings at Vonage say: `sha256`, `sha512`, `sha1`, `md5`, or"
        " `md5hash`, the weakest.",
    )
    sends_callback: bool = Field(
        default=True,
        description="Whether each message says where its receipts go. `false`: where the API"
        " settings at Vonage say.",
    )
    rate: Rate = Field(default=PROFILE.rate, description="Calls: `80/s`, `600/m`, `10000/h`.")

    @classmethod
    def profile_for(cls, _kind: str | None, _channel: str) -> RateProfile:
        """Return the only profile."""
        return PROFILE

    @property
    def receipts(self) -> Receipts:
        return Receipts.DELIVERED

    def secrets_problems(self, secrets: Any) -> Iterator[str]:
        """Say which secret is missing to call with."""
        if self.signs_calls and not secrets.signature_secrets:
            yield "signature_secrets: signs_calls needs one"
        if not self.signs_calls and secrets.api_secret is None:
            yield "api_secret: missing, unless signs_calls = true"


ACCOUNT = VonageSmsAccount
