"""How near an account is to a number, by prefixes and countries."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from herald.providers.reach import country_of, nearness
from herald.providers.sendgrid.account import SendGridAccount
from unit.channel.making import twilio

TORONTO, NEW_YORK, BERLIN = "+14165550123", "+12125550123", "+493012345678"


def test_an_account_without_any_takes_all() -> None:
    """It takes every address, also one that is no number, and is the farthest from each."""
    assert nearness(BERLIN, (), ()) == nearness("someone@example.com", (), ()) == 0


def test_a_country_is_nearer_than_its_calling_code() -> None:
    """`+1` is of several countries: an account for Canada is nearer to one of its numbers."""
    near = nearness(TORONTO, (), ("CA",))
    assert near is not None
    assert near > (nearness(TORONTO, ("+1",), ()) or 0)
    assert nearness(NEW_YORK, (), ("CA",)) is None


def test_a_longer_prefix_is_nearer_than_a_country() -> None:
    """What is known of a number's beginning says more than its country."""
    assert (nearness(TORONTO, ("+1416",), ()) or 0) > (nearness(TORONTO, (), ("CA",)) or 0)


def test_what_is_no_number_has_no_country() -> None:
    """A user's id or an address matches no prefix and no country."""
    assert nearness("US.1234", ("+1",), ("US",)) is None
    assert country_of("+999") is None


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"countries": ["XX"]}, "countries"),
        ({"countries": ["de"]}, "countries"),
        ({"prefixes": ["49"]}, "prefixes"),
        ({"prefixes": ["+0"]}, "prefixes"),
        ({"weight": 0}, "weight"),
    ],
)
def test_wrong_options_are_named(options: dict[str, object], field: str) -> None:
    """A country that is none, or a prefix without its plus, is refused at its field."""
    with pytest.raises(ValidationError) as caught:
        twilio(**options)
    assert caught.value.errors()[0]["loc"][0] == field


def test_mail_has_no_prefixes() -> None:
    """Addresses of e-mail are no numbers."""
    with pytest.raises(ValidationError, match="no phone numbers"):
        SendGridAccount.model_validate({"provider": "sendgrid", "prefixes": ["+49"]})
