"""How fast an account may be called: documented, configured, and never contradictory."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from herald.config.file import HeraldFile
from herald.config.validation_messages import describe
from herald.providers.account import Account
from herald.providers.account_rates import egress_rate_problems
from herald.providers.budgets import Allowance, Scope, throttled_budget
from herald.providers.rates import written
from herald.providers.registry import AnyAccount
from unit.channel.making import sending, work

ADAPTER: TypeAdapter[Account] = TypeAdapter(AnyAccount)
REQUIRED: dict[str, dict[str, Any]] = {
    "whatsapp_cloud": {"phone_number_id": "42"},
    "twilio": {"account_sid": "AC" + "0" * 32},
    "sendgrid": {},
    "smtp": {"host": "relay.example.com"},
}
WHATSAPP_PAIR = Allowance(1 / 6, 45.0)


def account(provider: str, **options: Any) -> Account:
    return ADAPTER.validate_python({"provider": provider, **REQUIRED[provider], **options})


@pytest.mark.parametrize(
    ("provider", "options", "whole", "sender", "pair"),
    [
        ("whatsapp_cloud", {}, 80.0, None, WHATSAPP_PAIR),
        ("whatsapp_cloud", {"number_kind": "upgraded"}, 1000.0, None, WHATSAPP_PAIR),
        ("whatsapp_cloud", {"number_kind": "shared"}, 20.0, None, WHATSAPP_PAIR),
        ("whatsapp_cloud", {"pair_rate": "none"}, 80.0, None, None),
        ("whatsapp_cloud", {"pair_burst": 5}, 80.0, None, Allowance(1 / 6, 5.0)),
        ("twilio", {}, 1.0, None, None),
        ("twilio", {"number_kind": "toll_free"}, 3.0, 3.0, None),
        ("twilio", {"number_kind": "short_code"}, 100.0, 100.0, None),
        ("twilio", {"number_kind": "long_code", "rate": "10/s"}, 10.0, 1.0, None),
        ("twilio", {"channel": "whatsapp", "number_kind": "whatsapp"}, 80.0, 80.0, None),
        ("twilio", {"rate": "10/s", "pair_rate": "1/s"}, 10.0, None, Allowance(1.0, 1.0)),
        ("sendgrid", {}, 10.0, None, None),
        ("smtp", {"sender_rate": "5/s"}, 10.0, 5.0, None),
    ],
)
def test_what_an_account_may_do(
    provider: str,
    options: dict[str, Any],
    whole: float,
    sender: float | None,
    pair: Allowance | None,
) -> None:
    """A platform's own numbers count, by the kind of number, unless configuration names others."""
    allowances = account(provider, **options).allowances
    assert allowances.account.rate == whole
    assert (allowances.sender.rate if allowances.sender else None) == sender
    assert allowances.pair == pair


@pytest.mark.parametrize(
    ("provider", "options", "field"),
    [
        ("twilio", {"number_kind": "whatsapp"}, "number_kind"),
        ("twilio", {"channel": "whatsapp", "number_kind": "long_code"}, "number_kind"),
        ("twilio", {"number_kind": "shortcode"}, "number_kind"),
        ("sendgrid", {"number_kind": "long_code"}, "number_kind"),
        ("twilio", {"rate": "10/s", "sender_rate": "11/s"}, "sender_rate"),
        ("whatsapp_cloud", {"rate": "10/m", "pair_rate": "1/s"}, "pair_rate"),
        ("whatsapp_cloud", {"sender_rate": "1/m", "pair_rate": "2/m"}, "pair_rate"),
        ("whatsapp_cloud", {"pair_rate": "often"}, "pair_rate"),
        ("whatsapp_cloud", {"pair_rate": "none", "pair_burst": 3}, "pair_burst"),
        ("sendgrid", {"pair_burst": 3}, "pair_burst"),
        ("smtp", {"burst": 0}, "burst"),
        ("smtp", {"rate": "0/s"}, "rate"),
        ("smtp", {"egress_share": 0.5}, "egress_share"),
        ("smtp", {"egress_rate": "5/s", "egress_share": 1.5}, "egress_share"),
    ],
)
def test_contradictory_numbers(provider: str, options: dict[str, Any], field: str) -> None:
    """A profile whose numbers contradict each other is an error that names the field."""
    with pytest.raises(ValidationError) as caught:
        account(provider, **options)
    assert [line.split(": ")[0].rpartition(".")[2] for line in describe(caught.value)] == [field]


def test_a_contradiction_is_named_by_its_path() -> None:
    """`herald config check` says where in the file the number stands, and what it contradicts."""
    twilio = {"provider": "twilio", **REQUIRED["twilio"], "rate": "10/s", "sender_rate": "11/s"}
    with pytest.raises(ValidationError) as caught:
        HeraldFile.model_validate({"accounts": {"main": twilio}})
    problem = "accounts.main.sender_rate: above the account's own rate, 10/s: nothing could use it"
    assert problem in describe(caught.value)


def test_one_rate_for_an_egress_address() -> None:
    """Accounts at one provider share an address's rate, so they can't name two."""
    accounts = {
        "one": account("smtp", egress_rate="5/s"),
        "two": account("smtp", egress_rate="6/s"),
        "three": account("sendgrid", egress_rate="7/s"),
        "four": account("smtp"),
    }
    assert list(egress_rate_problems(accounts)) == [
        "accounts.two.egress_rate: accounts.one says 5/s"
    ]


def test_a_call_draws_from_every_budget() -> None:
    """Account, sender, egress and pair have keys of their own; a recipient's is not readable."""
    options = account(
        "twilio", rate="10/s", sender_rate="1/s", egress_rate="5/s", pair_rate="30/m", burst=20
    )
    one = sending("one", options)
    drawn = one.budgets(work(), "proxy-1")
    assert [budget.key for budget in drawn[:3]] == [
        "account:one",
        "sender:one:+15550001111",
        "egress:proxy-1:twilio",
    ]
    assert drawn[3].key.startswith("pair:one:+15550001111:")
    assert "15550002222" not in drawn[3].key
    assert [(budget.rate, budget.burst) for budget in drawn] == [
        (10.0, 20.0),
        (1.0, 1.0),
        (5.0, 5.0),
        (0.5, 1.0),
    ]
    assert drawn == one.budgets(work(), "proxy-1")
    assert drawn[3] != one.budgets(work(to="+15550003333"), "proxy-1")[3]


def test_a_scope_without_a_budget_is_the_accounts() -> None:
    """A throttled sender without a budget slows the account; a recipient never does."""
    drawn = sending("one").budgets(work())
    assert throttled_budget(drawn, Scope.SENDER) == drawn[0]
    assert throttled_budget(drawn, Scope.EGRESS) == drawn[0]
    assert throttled_budget(drawn, Scope.PAIR) is None


@pytest.mark.parametrize("text", ["80/s", "10/m", "7/h", "1000/s"])
def test_rates_are_written_as_they_are_read(text: str) -> None:
    """An error names a rate in the words of the configuration."""
    parsed = account("smtp", rate=text).rate
    assert written(parsed) == text
