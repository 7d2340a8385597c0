"""Message ids of one SMSC, brought to one form. Pure.

Some write an id in hexadecimal digits in submit_sm_resp, and in decimal ones in receipts; others
differ in case, or in zeros in front. Both are brought to the same text.
"""

from __future__ import annotations

import re
from enum import StrEnum

_HEX = re.compile(r"(?:0[xX])?([0-9a-fA-F]{1,32})")
_DECIMAL = re.compile(r"[0-9]{1,39}")
_ID = re.compile(r"[!-~]{1,64}")  # 5.2.23: at most 64 characters; none has blanks


class IdForm(StrEnum):
    """How ids are written."""

    AS_IS = "as_is"
    HEX = "hex"
    DECIMAL = "decimal"


def canonical(written: str, form: IdForm, *, ignore_case: bool) -> str | None:
    """Return an id as Herald keeps it; one that is not of its form as it is.

    None: it is no id. Of the two forms of a number it is the decimal one, without zeros in front.
    """
    bare = written.strip(" \t\r\n\0")
    if not _ID.fullmatch(bare):
        return None
    if form is IdForm.HEX and (match := _HEX.fullmatch(bare)):
        return str(int(match[1], 16))
    if form is IdForm.DECIMAL and _DECIMAL.fullmatch(bare):
        return str(int(bare))
    return bare.lower() if ignore_case else bare
