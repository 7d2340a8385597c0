"""The accounts that may serve a step, found by channel and tenant."""

from __future__ import annotations

from herald.config.serving import AccountIndex
from herald.contracts.commands import Step
from herald.providers.twilio.account import TwilioAccount


def _account(*tenants: str, channel: str = "sms", prefixes: tuple[str, ...] = ()) -> TwilioAccount:
    return TwilioAccount.model_validate(
        {
            "provider": "twilio",
            "channel": channel,
            "tenants": tenants,
            "prefixes": prefixes,
            "account_sid": "AC" + "0" * 32,
            "secrets_file": "/secrets/twilio",
        }
    )


ACCOUNTS = {
    "second": _account("one", "two"),
    "first": _account("one"),
    "german": _account("one", prefixes=("+49",)),
    "chat": _account("one", channel="whatsapp"),
}


def _names(tenant: str, address: str | None = None, account: str | None = None) -> list[str]:
    step = Step(channel="sms", account=account)
    return list(AccountIndex(ACCOUNTS).serving(step, tenant, address))


def test_accounts_are_found_in_their_order() -> None:
    """Those of the channel and the tenant, as the file lists them."""
    assert _names("one") == ["second", "first", "german"]
    assert _names("two") == ["second"]
    assert _names("three") == []


def test_a_step_may_name_its_account() -> None:
    """Then there is that one, if it serves the tenant."""
    assert _names("one", account="first") == ["first"]
    assert _names("two", account="first") == []


def test_an_address_leaves_out_who_takes_none_like_it() -> None:
    """An account with prefixes takes those alone."""
    assert _names("one", "+33123456789") == ["second", "first"]
    assert "german" in _names("one", "+4915112345678")
