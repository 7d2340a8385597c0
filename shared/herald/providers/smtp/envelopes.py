"""What an SMTP transaction says beside the mail: from whom, to whom, and what is to be reported.

Source: RFC 5321; RFC 3461 (DSN: ENVID, RET, NOTIFY, ORCPT); RFC 6531 (SMTPUTF8). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from herald.providers.smtp.verp import bounce_address

if TYPE_CHECKING:
    from herald.contracts.work import Work
    from herald.providers.rendered import RenderedEmail
    from herald.providers.smtp.account import SmtpAccount, SmtpSecrets

NOTIFY = "NOTIFY=SUCCESS,DELAY,FAILURE"
_HEXCHAR = re.compile("\\+([0-9A-Fa-f]{2})")
_PLAIN = frozenset(map(chr, range(33, 127))) - set("+=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One transaction's addresses; `dsn`: the id that reports are to carry, None: no reports."""

    sender: str
    recipient: str
    dsn: str | None = None

    @property
    def needs_utf8(self) -> bool:
        """Whether an address has characters outside ASCII."""
        return not (self.sender + self.recipient).isascii()

    def mail_options(self, *, offers_dsn: bool) -> Iterator[str]:
        """Give what goes with MAIL."""
        if self.needs_utf8:
            yield "SMTPUTF8"
        if offers_dsn and self.dsn is not None:
            yield "RET=HDRS"
            yield f"ENVID={xtext(self.dsn)}"

    def rcpt_options(self, *, offers_dsn: bool) -> Iterator[str]:
        """Give what goes with RCPT."""
        if offers_dsn and self.dsn is not None:
            yield NOTIFY
            if self.recipient.isascii():
                yield f"ORCPT=rfc822;{xtext(self.recipient)}"


def envelope_of(
    account: SmtpAccount, secrets: SmtpSecrets, work: Work, content: RenderedEmail
) -> Envelope:
    """Make the envelope of a mail."""
    sender, keys = content.sender.addr_spec, secrets.bounce_keys
    if account.bounce_address is not None and keys:
        key = keys[0].get_secret_value().encode()
        sender = bounce_address(account.bounce_address, work.tag, key)
    return Envelope(sender=sender, recipient=work.to, dsn=work.tag if account.dsn else None)


def xtext(text: str) -> str:
    """Write a text as RFC 3461 has it in section 4."""
    return "".join(one if one in _PLAIN else f"+{ord(one):02X}" for one in text)


def from_xtext(text: str) -> str:
    """Read one; what is none stays as it is."""
    return _HEXCHAR.sub(lambda found: chr(int(found[1], 16)), text)
