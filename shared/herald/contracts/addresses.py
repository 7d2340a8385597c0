"""Addresses: phone numbers in E.164 and normalised e-mail addresses, without asking the network."""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated

import email_validator
from phonenumbers.phonemetadata import PhoneMetadata
from phonenumbers.phonenumberutil import (
    COUNTRY_CODE_TO_REGION_CODE,
    NumberParseException,
    PhoneNumberFormat,
    format_number,
    is_possible_number,
    parse,
    region_code_for_country_code,
)
from pydantic import AfterValidator, Field

from herald.contracts.vocabulary import SenderKind

_OTHER_FORMS = (
    (re.compile(r"(\+55\d\d)9(\d{8})"), r"\1\2"),  # Brazil: mobile numbers have a 9
    (re.compile(r"(\+55\d\d)([6-9]\d{7})"), r"\g<1>9\2"),
    (re.compile(r"\+521(\d{10})"), r"+52\1"),  # Mexico: they had a 1
    (re.compile(r"\+52(\d{10})"), r"+521\1"),
    (re.compile(r"\+549(\d{10})"), r"+54\1"),  # Argentina: from abroad they have a 9
    (re.compile(r"\+54(\d{10})"), r"+549\1"),
)
_E164 = re.compile(r"\+[0-9]{7,15}")
_LONGEST_CODE = 3  # digits of a country calling code
_WHATSAPP_USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9]{1,128}")  # the user's country first


def normalise_phone(value: str) -> str:
    """Bring a phone number with its country code to E.164.

    *Possible* numbers pass, not only valid ones: numbering plans change faster than libraries.

    Raises:
        ValueError: it is not a possible international number.
    """
    if _stays_as_it_is(value):
        return value
    try:
        number = parse(value)
    except NumberParseException:
        raise ValueError("not a phone number with + and country code") from None
    if not is_possible_number(number):
        raise ValueError("not a possible phone number")
    return format_number(number, PhoneNumberFormat.E164)


def _stays_as_it_is(value: str) -> bool:
    """Whether the library surely takes a number as it is, for it is asked at ten times the cost.

    That is one in E.164 of a length that is possible in its country, which does not begin with what
    is dialled there before a number.
    """
    if _E164.fullmatch(value) is None:
        return False
    for end in range(2, _LONGEST_CODE + 2):
        numbering = _numbering(value[1:end])
        if numbering is not None:
            lengths, dialled_before = numbering
            national = value[end:]
            begins_so = dialled_before is not None and dialled_before.match(national) is not None
            return len(national) in lengths and not begins_so
    return False


@cache
def _numbering(code: str) -> tuple[frozenset[int], re.Pattern[str] | None] | None:
    """Return the lengths of a country's numbers, and its prefixes; None: there is no such code."""
    if code.startswith("0") or int(code) not in COUNTRY_CODE_TO_REGION_CODE:
        return None
    region = region_code_for_country_code(int(code))
    known = PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
    assert known is not None, "every code has a region"
    assert known.general_desc is not None, "every region has numbers"
    prefix = known.national_prefix_for_parsing
    return frozenset(known.general_desc.possible_length), re.compile(prefix) if prefix else None


def normalise_whatsapp(value: str) -> str:
    """Bring a phone number to E.164; Meta's own id of a user, such as `US.1234`, stays as it is.

    Users who chose a username write without showing their number. Meta: "Business-scoped user ids".

    Raises:
        ValueError: it is neither.
    """
    return value if is_whatsapp_user_id(value) else normalise_phone(value)


def whatsapp_forms(address: str) -> tuple[str, ...]:
    """Return every form in which WhatsApp may name a number, the given one first.

    It drops or adds a digit after the country code of some: Meta, "Phone numbers".
    """
    for pattern, other in _OTHER_FORMS:
        if (match := pattern.fullmatch(address)) is not None:
            return address, match.expand(other)
    return (address,)


def is_whatsapp_user_id(address: str) -> bool:
    """Return whether an address is Meta's own id of a user, not a number."""
    return _WHATSAPP_USER_ID.fullmatch(address) is not None


def sender_kind(address: str) -> SenderKind:
    """Say what kind of address a sender has, by its form."""
    if _E164.fullmatch(address):
        return SenderKind.PHONE
    if is_whatsapp_user_id(address):
        return SenderKind.WHATSAPP_USER_ID
    return SenderKind.EMAIL if "@" in address else SenderKind.OTHER


def normalise_email(value: str) -> str:
    """Check an e-mail address and bring its domain to one form.

    Raises:
        ValueError: it is not an address.
    """
    try:
        return email_validator.validate_email(value, check_deliverability=False).normalized
    except email_validator.EmailNotValidError:
        # the library's own text repeats the address, which must not reach logs or events
        raise ValueError("not an e-mail address") from None


# what a schema can say of a number with its country code, separators allowed
_PHONE = r"^\+[ ().\-]*([0-9][ ().\-]*){7,17}$"

Phone = Annotated[
    str, AfterValidator(normalise_phone), Field(json_schema_extra={"pattern": _PHONE})
]
Email = Annotated[str, AfterValidator(normalise_email)]
