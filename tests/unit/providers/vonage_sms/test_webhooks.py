"""Which proof a webhook of Vonage's SMS API needs, by the secrets that its account has."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from herald.providers.credentials import Credentials
from herald.providers.vonage_sms.account import VonageSmsAccount, VonageSmsSecrets
from herald.providers.vonage_sms.signature import signature
from herald.providers.vonage_sms.webhooks import VonageSmsEndpoint, make_decoy, make_endpoint
from unit.providers.golden import RECEIVED_AT
from unit.providers.golden import request as plain_request

FIRST, SECOND = "first-token-of-the-url", "second-token-of-the-url"
RECEIPT = {
    "messageId": "0A1",
    "status": "delivered",
    "timestamp": str(int(RECEIVED_AT.timestamp())),
}


def endpoint(**secrets: Any) -> VonageSmsEndpoint:
    """Make the endpoint of the first of two accounts with the same secrets."""
    held = VonageSmsSecrets.model_validate({"api_secret": "secret", **secrets})
    accounts = {
        name: VonageSmsAccount(provider="vonage_sms", api_key=key)
        for name, key in (("main", "abcd1234"), ("other", "efgh5678"))
    }
    return make_endpoint("main", accounts, dict.fromkeys(accounts, Credentials(held, lambda: held)))


def is_authentic(at: VonageSmsEndpoint, query: str = "", **fields: str) -> bool:
    return at.verify(plain_request(urlencode({**RECEIPT, **fields}).encode(), query=query))


def signed_with(secret: str) -> str:
    return signature(RECEIPT, secret.encode(), "sha256")


def test_signatures_are_required_once_there_is_a_secret() -> None:
    """A token is no proof then; each of several secrets is, while one is changed for another."""
    at = endpoint(signature_secrets=["first", "second"], webhook_tokens=[FIRST])
    assert is_authentic(at, sig=signed_with("first"))
    assert is_authentic(at, sig=signed_with("second").upper())
    assert not is_authentic(at, sig=signed_with("third"))
    assert not is_authentic(at, f"token={FIRST}")


def test_a_token_in_the_url_where_nothing_is_signed() -> None:
    """One of the account's tokens, in the query, whatever the method."""
    at = endpoint(webhook_tokens=[FIRST, SECOND])
    assert is_authentic(at, f"token={FIRST}")
    assert is_authentic(at, f"token={SECOND}")
    assert at.verify(plain_request(b"", method="GET", query=f"token={FIRST}&status=delivered"))
    for query in ("", "token=", "token=third", "token=%FF", f"token={FIRST}%00", f"Token={FIRST}"):
        assert not is_authentic(at, query)
    assert not is_authentic(at, token=FIRST)


@pytest.mark.parametrize("query", ["", "token=", "token=secret"])
def test_without_either_nothing_is_authentic(query: str) -> None:
    """An account with neither, and one that nobody configured, refuse whatever comes."""
    for at in (endpoint(), make_decoy()):
        assert not is_authentic(at, query)
        assert not is_authentic(at, query, sig=signed_with(""))


def test_receipts_of_accounts_that_share_a_secret() -> None:
    """The API key in a receipt names its account, among those under the same secrets."""
    at = endpoint(signature_secrets=["first"])
    for key, account in (("abcd1234", "main"), ("efgh5678", "other")):
        found = at.normalise(plain_request(urlencode({**RECEIPT, "api-key": key}).encode()))
        assert [receipt.account for receipt in found.receipts] == [account]
    alone = endpoint().normalise(
        plain_request(urlencode({**RECEIPT, "api-key": "abcd1234"}).encode())
    )
    assert [receipt.account for receipt in alone.receipts] == ["main"]


def test_a_token_is_never_kept() -> None:
    """Neither the history nor the quarantine has what would open the endpoint."""
    at = endpoint(webhook_tokens=[FIRST])
    for fields in (RECEIPT, {"msisdn": "15550002222", "text": "Hi", "messageId": "1"}, {"a": "b"}):
        request = plain_request(urlencode(fields).encode(), method="GET", query=f"token={FIRST}")
        found = at.normalise(request)
        assert FIRST not in repr(found)
        assert len(found.receipts) + len(found.not_understood) == 1
