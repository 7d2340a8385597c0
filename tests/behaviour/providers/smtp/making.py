"""A relay's account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from herald.channel.accounts import SendingAccount
from herald.providers.smtp.account import SmtpAccount, SmtpSecrets
from unit.providers.sending import sending_account

PASSWORD = "password-for-tests"


def smtp(port: int, *, signs_in: bool = False, **options: Any) -> SendingAccount:
    """Make the account of a relay on loopback."""
    fields = {"host": "127.0.0.1", "security": "none", "timeout": timedelta(seconds=10)}
    account = SmtpAccount.model_validate({"provider": "smtp", "port": port, **fields, **options})
    secrets = {"username": "herald", "password": PASSWORD} if signs_in else {}
    return sending_account(account, SmtpSecrets.model_validate(secrets))
