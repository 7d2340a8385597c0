"""Signing in to a relay with an access token.

Source: developers.google.com/workspace/gmail/imap/xoauth2-protocol and learn.microsoft.com, "How to
authenticate an IMAP, POP or SMTP connection by using OAuth": base64 of `user=<user>`, Control-A,
`auth=Bearer <token>`, twice Control-A. Gmail takes it with the command; Microsoft 365 shows it
after an empty challenge. Microsoft's tokens are too long for a command line (RFC 5321: 512 octets;
RFC 4954: no initial response then), so a long one goes the second way, which both take.
"""

from __future__ import annotations

import re

import aiosmtplib
from aiosmtplib.auth import auth_xoauth2_encode
from aiosmtplib.errors import SMTPAuthenticationError, SMTPException

from herald.contracts.echoes import HIDDEN

_LONGEST_LINE = 512
_CHALLENGE = 334
_SIGNED_IN = 235
# some relays repeat the line that they did not understand, or its beginning
_REPEATED = re.compile(r"[A-Za-z0-9+/=._~-]{60,}")


async def sign_in(session: aiosmtplib.SMTP, user: str, token: str) -> None:
    """Sign in.

    Raises:
        SMTPAuthenticationError: the relay refuses the token, or the account.
        SMTPException: it offers no XOAUTH2.
    """
    if session.is_ehlo_or_helo_needed:
        await session.ehlo()
    if "xoauth2" not in session.server_auth_methods:
        raise SMTPException("no XOAUTH2")
    encoded = auth_xoauth2_encode(user, token)
    if len(b"AUTH XOAUTH2 ") + len(encoded) + len(b"\r\n") <= _LONGEST_LINE:
        reply = await session.execute_command(b"AUTH", b"XOAUTH2", encoded)
    else:
        reply = await session.execute_command(b"AUTH", b"XOAUTH2")
        if reply.code == _CHALLENGE:
            reply = await session.execute_command(encoded)
    if reply.code == _CHALLENGE:
        # Gmail: the challenge says what is wrong, an empty response asks for the reply itself
        reply = await session.execute_command(b"")
    if reply.code != _SIGNED_IN:
        raise SMTPAuthenticationError(reply.code, _REPEATED.sub(HIDDEN, reply.message))
