"""The options of an account at an SMSC, and its secret."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from herald.contracts.durations import Duration
from herald.contracts.time_zones import TimeZoneName
from herald.contracts.vocabulary import FailureClass, Receipts
from herald.providers.account import IN_CLEAR, Account, Secrets
from herald.providers.cleartext import is_loopback
from herald.providers.rates import RateProfile
from herald.providers.servers import Server
from herald.providers.smpp.alphabets import Alphabet
from herald.providers.smpp.concatenation import LongMessages
from herald.providers.smpp.message_ids import IdForm
from herald.providers.smpp.rates import PROFILE

_COMMAND_ERROR = re.compile(r"0x[0-9A-F]{2}(?:[0-9A-F]{2})?")
_PRINTABLE = r"^[!-~]*$"


def _ascii(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[ -~]{1,64}", secret.get_secret_value()):
        raise ValueError("a password is 1 to 64 printable characters of ASCII; the standard has 8")
    return secret


def _command_errors(errors: dict[str, FailureClass]) -> dict[str, FailureClass]:
    for code in errors:
        if not _COMMAND_ERROR.fullmatch(code):
            raise ValueError(f"{code[:16]!r}: write a command_status like 0x0B or 0x0410")
    return errors


Seconds = Annotated[Duration, Field(ge=timedelta(seconds=1))]
Positive = Annotated[Duration, Field(gt=timedelta(0))]
NumberType = Annotated[int, Field(ge=0, le=255)]
CommandErrors = Annotated[dict[str, FailureClass], AfterValidator(_command_errors)]


class SmppSecrets(Secrets):
    password: Annotated[SecretStr, AfterValidator(_ascii)]


class SmppAccount(Account):
    """One account at an SMSC: by each worker so many binds, over which receipts come back."""

    secrets_model: ClassVar[type[Secrets]] = SmppSecrets

    provider: Literal["smpp"]  # `smpp`
    channel: Literal["sms"] = "sms"  # `sms`
    host: str = Field(pattern=r"^[A-Za-z0-9.:-]{1,253}$")  # the SMSC
    port: int = Field(default=2775, ge=1, le=65_535)  # often 2775, and 3550 with tls
    security: Literal["tls", "none"] = "tls"  # tls or none
    system_id: str = Field(min_length=1, max_length=64, pattern=_PRINTABLE)  # whom it knows us as
    system_type: str = Field(default="", max_length=12, pattern=_PRINTABLE)  # only if it asks so
    interface_version: Literal["3.4", "5.0"] = "3.4"  # that a bind names
    bind: Literal["transceiver", "pair"] = "transceiver"  # or a transmitter and a receiver each
    binds: int = Field(default=1, ge=1, le=20)  # by each worker, and each member of its egress
    window: int = Field(default=10, ge=1, le=1000)  # submits without a response, on each bind
    address_range: str = Field(default="", max_length=40, pattern=_PRINTABLE)  # of what comes in
    address_ton: NumberType = 0  # of that range
    address_npi: NumberType = 0  # likewise
    enquire_link: Seconds = timedelta(seconds=30)  # without a word, before it is asked for one
    enquire_timeout: Positive = timedelta(seconds=10)  # until the answer; then it counts as gone
    service_type: str = Field(default="", max_length=5, pattern=_PRINTABLE)  # of each message
    source_ton: NumberType | None = None  # by default by what the sender looks like
    source_npi: NumberType | None = None  # likewise
    destination_ton: NumberType = 1  # 1: international
    destination_npi: NumberType = 1  # 1: the plan of telephone numbers
    alphabet: Alphabet = Alphabet.GSM_7  # of texts that fit into it; all others go as UCS-2
    default_alphabet: Alphabet = Alphabet.GSM_7  # what the SMSC means by data_coding 0
    long_messages: LongMessages = LongMessages.UDH_8  # udh-8, udh-16, sar or payload
    registered_delivery: Literal["delivery", "failure", "none"] = "delivery"  # receipts to ask for
    part_receipts: Literal["failure", "all", "none"] = "failure"  # of all parts but the last one
    validity: Literal["relative", "absolute", "none"] = "relative"  # how its time is written
    response_ids: IdForm = IdForm.AS_IS  # message ids in submit_sm_resp: as_is, hex or decimal
    receipt_ids: IdForm = IdForm.AS_IS  # the same ids in receipts
    user_reference: bool = False  # send one that some SMSCs repeat: it finds a lost response
    ids_ignore_case: bool = False  # where the two differ in it
    time_zone: TimeZoneName = "UTC"  # of the times in receipts
    command_errors: CommandErrors = Field(
        default_factory=dict,
        description="Classes of a vendor's codes, or other ones of the standard's:"
        ' `{"0x0410" = "opted_out"}`.',
    )
    network_errors: dict[str, FailureClass] = Field(
        default_factory=dict,
        description="Classes of `err` in receipts, which each network gives codes of its own.",
    )

    @classmethod
    def profile_for(cls, _kind: str | None, _channel: str) -> RateProfile:
        """Return the only profile."""
        return PROFILE

    @property
    def receipts(self) -> Receipts:
        asks = self.registered_delivery == "delivery"
        return Receipts.DELIVERED if asks else Receipts.NONE

    @property
    def server(self) -> Server:
        return Server(self.host, self.port, self.security == "tls")

    @field_validator("security")
    @classmethod
    def _password_encrypted(cls, security: str, info: ValidationInfo) -> str:
        given = info.data
        if (
            security == "none"
            and not given.get("allow_cleartext")
            and not is_loopback(given.get("host", ""))
        ):
            raise ValueError(f"{IN_CLEAR}: use tls, or set allow_cleartext = true")
        return security

    @field_validator("default_alphabet")
    @classmethod
    def _can_be_written(cls, default: Alphabet, info: ValidationInfo) -> Alphabet:
        if default is Alphabet.UCS_2:
            raise ValueError("no SMSC's default: use gsm-7, latin-1 or ascii")
        if info.data.get("alphabet") is Alphabet.GSM_7 and default is not Alphabet.GSM_7:
            raise ValueError("then gsm-7 can't be sent: set alphabet, too, to this one or to ucs-2")
        return default


ACCOUNT = SmppAccount
