"""Which account answers which path, and with whose secrets."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from herald.config.loading import ConfigurationError, load_configuration
from herald.providers.twilio.webhooks import TwilioEndpoint
from herald.providers.whatsapp_cloud.webhooks import WhatsAppCloudEndpoint
from ingress.endpoints import Endpoints, endpoints_from
from secret_files import write_secrets

HERALD_TOML = """
[tenants.default]
[routes.default]
steps = [{channel = "whatsapp"}]
[accounts.wa-main]
provider = "whatsapp_cloud"
phone_number_id = "1"
secrets_file = "one.toml"
[accounts.wa-sibling]
provider = "whatsapp_cloud"
phone_number_id = "2"
business_account_id = "20"
secrets_file = "one-rotating.toml"
[accounts.wa-second-number]
provider = "whatsapp_cloud"
phone_number_id = "4"
business_account_id = "20"
secrets_file = "one.toml"
[accounts.wa-other]
provider = "whatsapp_cloud"
phone_number_id = "3"
secrets_file = "two.toml"
[accounts.wa-same-number]
provider = "whatsapp_cloud"
phone_number_id = "1"
secrets_file = "one.toml"
[accounts.twilio-main]
provider = "twilio"
account_sid = "AC00000000000000000000000000000000"
secrets_file = "twilio.toml"
[accounts.twilio-wa]
provider = "twilio"
channel = "whatsapp"
account_sid = "AC00000000000000000000000000000000"
secrets_file = "twilio.toml"
[accounts.twilio-shared]
provider = "twilio"
account_sid = "AC11111111111111111111111111111111"
secrets_file = "twilio.toml"
foreign = "ignore"
[accounts.sendgrid-main]
provider = "sendgrid"
secrets_file = "sendgrid.toml"
webhook_public_keys = [KEYS]
[accounts.smtp-main]
provider = "smtp"
host = "smtp.example.com"
"""
SECRETS = {
    "one.toml": 'access_token="t"\nverify_token="v"\napp_secrets=["one"]',
    "one-rotating.toml": 'access_token="t"\nverify_token="v"\napp_secrets=["next", "one"]',
    "two.toml": 'access_token="t"\nverify_token="v"\napp_secrets=["two"]',
    "twilio.toml": 'auth_tokens=["current", "previous"]',
    "sendgrid.toml": 'api_key="k"',
}


def build(folder: Path, keys: str = "") -> Endpoints:
    """Write the configuration and build the endpoints from it."""
    (folder / "herald.toml").write_text(HERALD_TOML.replace("KEYS", keys))
    for name, content in SECRETS.items():
        write_secrets(folder / name, content)
    return endpoints_from(load_configuration(folder / "herald.toml"))


def test_accounts_that_share_a_secret_speak_for_each_other(tmp_path: Path) -> None:
    """A body may be about any number under the same secret, never of one under another."""
    endpoints = build(tmp_path)
    main = cast("WhatsAppCloudEndpoint", endpoints.find("whatsapp_cloud", "wa-main").endpoint)
    assert main.owners == {"1": "wa-main", "2": "wa-sibling", "4": "wa-second-number"}
    same = cast(
        "WhatsAppCloudEndpoint", endpoints.find("whatsapp_cloud", "wa-same-number").endpoint
    )
    assert same.owners == {"1": "wa-same-number", "2": "wa-sibling", "4": "wa-second-number"}
    other = cast("WhatsAppCloudEndpoint", endpoints.find("whatsapp_cloud", "wa-other").endpoint)
    assert other.owners == {"3": "wa-other"}
    twilio = cast("TwilioEndpoint", endpoints.find("twilio", "twilio-main").endpoint)
    assert twilio.tokens == (b"current", b"previous")


@pytest.mark.parametrize(
    ("provider", "account", "name"),
    [
        ("twilio", "wa-main", "twilio"),  # another provider's account
        ("whatsapp_cloud", "nobody", "whatsapp_cloud"),
        ("smpp", "smpp-main", "unknown"),  # it never calls
        ("nobody", "nobody", "unknown"),
    ],
)
def test_every_other_path_has_a_decoy(
    tmp_path: Path, provider: str, account: str, name: str
) -> None:
    """A path nobody configured leads to an endpoint that nothing is authentic for."""
    target = build(tmp_path).find(provider, account)
    assert (target.provider, target.is_known) == (name, False)


def test_a_bad_key_is_named_not_shown(tmp_path: Path) -> None:
    """A verification key that can't be read is an error of the configuration, without the key."""
    with pytest.raises(ConfigurationError) as caught:
        build(tmp_path, '"AAAASECRETLOOKING"')
    assert caught.value.problems == [
        "accounts.sendgrid-main.webhook_public_keys: not a base64 SPKI DER public key"
    ]


def test_a_business_accounts_news_is_of_the_accounts_that_name_it(tmp_path: Path) -> None:
    """Every account of the business gets it; of a business that none names, none does."""
    main = cast("WhatsAppCloudEndpoint", build(tmp_path).find("whatsapp_cloud", "wa-main").endpoint)
    assert set(main.concerned("20")) == {"wa-sibling", "wa-second-number"}
    assert [main.concerned(business) for business in ("30", None)] == [(), ()]


def test_news_is_of_the_account_that_was_called_where_none_names_a_business(
    tmp_path: Path,
) -> None:
    """One account needs no more configuration than its number."""
    endpoints = build(tmp_path)
    alone = cast("WhatsAppCloudEndpoint", endpoints.find("whatsapp_cloud", "wa-other").endpoint)
    assert alone.concerned("30") == ("wa-other",)


def test_a_shared_account_drops_what_is_others(tmp_path: Path) -> None:
    """Whichever account's URL is called, each account's own setting counts."""
    endpoint = cast("TwilioEndpoint", build(tmp_path).find("twilio", "twilio-main").endpoint)
    assert endpoint.ignoring == {"twilio-shared"}


def test_an_element_finds_the_account_of_its_channel(tmp_path: Path) -> None:
    """Two accounts may share one SID and token, one for SMS and one for WhatsApp."""
    endpoints = build(tmp_path)
    for name in ("twilio-main", "twilio-wa"):
        endpoint = cast("TwilioEndpoint", endpoints.find("twilio", name).endpoint)
        assert endpoint.owners["AC" + "0" * 32] == {"sms": "twilio-main", "whatsapp": "twilio-wa"}


def test_a_decoy_keeps_its_providers_rules(tmp_path: Path) -> None:
    """A caller can't find out by a method or a size whether an account is configured."""
    endpoints = build(tmp_path)
    for provider, account in endpoints.accounts:
        decoy = endpoints.find(provider, "nobody")
        assert endpoints.find(provider, account).rules == decoy.rules
