"""The several ways in which one phone number is written in E.164. Pure.

Some countries changed their mobile numbers, and WhatsApp goes on with the ones of before: who is
sent to at one form writes back from the other. Meta: "Brazil and Mexico phone numbers".
"""

from __future__ import annotations

import re

_MEXICO = re.compile(r"\+52(1?)(\d{10})")  # until 2019 mobile numbers had a 1 after the country
_ARGENTINA = re.compile(r"\+54(9?)(\d{10})")  # mobile numbers have a 9 when called from abroad
_BRAZIL = re.compile(r"\+55(\d{2})(9?)([6-9]\d{7})")  # mobile numbers have a 9 since 2012


def number_forms(number: str) -> tuple[str, ...]:
    """Return a number as it is, and then as it may be written besides."""
    if match := _MEXICO.fullmatch(number):
        return number, f"+52{'' if match[1] else '1'}{match[2]}"
    if match := _ARGENTINA.fullmatch(number):
        return number, f"+54{'' if match[1] else '9'}{match[2]}"
    if match := _BRAZIL.fullmatch(number):
        return number, f"+55{match[1]}{'' if match[2] else '9'}{match[3]}"
    return (number,)
