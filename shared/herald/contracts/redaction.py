"""Taking addresses and passwords out of texts. Pure, and as quick as a text is long.

Providers and callers choose these texts, so no character is looked at often: quantifiers are
bounded, or possessive and begin where a run of their characters does.
"""

from __future__ import annotations

import re

from herald.contracts.masking import MASK, masked

_OF_A_MASK = "…"
_NO_DIGITS = re.compile(r"[^0-9]+")
_LONGEST_PROSE = 2048  # of a provider's words; what is kept of them is shorter still

_URL_PASSWORD = re.compile(r"(\w{1,16}://[^:/\s@]*+):[^@/\s]++@")
# a mask first: what is masked already stays so, and the same address looks the same everywhere
_EMAIL = re.compile(MASK + r"|(?<![\w.+-])[\w.+-]++@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_PHONE = re.compile(r"\+\d{7,15}\b")
# As people and providers write numbers: with or without +, in groups. In logs this would hide ids.
_ANY_NUMBER = re.compile(MASK + r"|(?<!\w)\+?\(?\d(?:[ ().-]{0,2}\d){6,14}(?!\d)")


def redact_text(text: str) -> str:
    """Mask passwords in URLs, e-mail addresses and phone numbers wherever they stand in `text`."""
    text = _URL_PASSWORD.sub(r"\1:***@", text)
    text = _EMAIL.sub(_masked_once, text)
    return _PHONE.sub(lambda match: masked(match[0]), text)


def redact_prose(text: str) -> str:
    """Mask a provider's words, which repeat addresses in any form; what is too long is cut."""
    text = redact_text(text[:_LONGEST_PROSE])
    return _ANY_NUMBER.sub(_number_masked_once, text)


def _number_masked_once(match: re.Match[str]) -> str:
    """Mask a number in any form as the same one in E.164 is masked."""
    number = match[0]
    return number if number.startswith(_OF_A_MASK) else masked("+" + _NO_DIGITS.sub("", number))


def _masked_once(match: re.Match[str]) -> str:
    return match[0] if match[0].startswith(_OF_A_MASK) else masked(match[0])
