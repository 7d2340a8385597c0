"""The small words every contract is made of: durations, addresses, text, identifiers, failures."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid5

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from herald.contracts.addresses import normalise_email, normalise_phone
from herald.contracts.durations import format_duration, parse_duration
from herald.contracts.failures import Failure
from herald.contracts.identifiers import (
    NAMESPACE,
    AttemptId,
    TenantName,
    amqp_message_id,
    body_id,
    event_id_for,
    message_id_for,
)
from herald.contracts.text import Line, Text, storable
from herald.contracts.vocabulary import FailureClass

DURATIONS = [
    ("250ms", 0.25),
    ("30s", 30),
    ("5m", 300),
    ("2h", 7200),
    ("1d", 86_400),
    ("PT30S", 30),
    ("P1DT2H", 93_600),
    ("366d", 366 * 86_400),
]


@pytest.mark.parametrize(("text", "seconds"), DURATIONS)
def test_reads_durations(text: str, seconds: float) -> None:
    """The short forms and ISO 8601."""
    assert parse_duration(text) == timedelta(seconds=seconds)


NO_DURATIONS: list[object] = [
    *("", "0s", "5", "5 m", "-5m", "5M", "1.5h", "1w", "P", "PT", "-PT5S", "P2Y", "367d"),
    *("999999999d", "9" * 400 + "s", 30, 1.5, None, True, ["5m"]),
]


@pytest.mark.parametrize("value", NO_DURATIONS)
def test_refuses_other_durations(value: object) -> None:
    """Bare numbers, signs, fractions and lengths without sense are errors."""
    with pytest.raises(ValueError, match="duration"):
        parse_duration(value)


@given(st.timedeltas(min_value=timedelta(milliseconds=1), max_value=timedelta(days=366)))
def test_a_written_duration_reads_back(duration: timedelta) -> None:
    """Whatever is written can be read again, to the millisecond."""
    again = parse_duration(format_duration(duration))
    assert abs(again - duration) <= timedelta(microseconds=500)


def test_a_tiny_duration_stays_one() -> None:
    """What rounds to nothing is written as the shortest there is, and so can be read."""
    assert format_duration(timedelta(microseconds=1)) == "1ms"


PHONES = [
    ("+1 (555) 000-2222", "+15550002222"),
    ("+15550002222", "+15550002222"),
    ("+44 20 7946 0958", "+442079460958"),
    ("+49 30 901820", "+4930901820"),
]


@pytest.mark.parametrize(("given_as", "e164"), PHONES)
def test_phones_become_e164(given_as: str, e164: str) -> None:
    """A number with its country code is brought to one form, however it is written."""
    assert normalise_phone(given_as) == e164


@pytest.mark.parametrize(
    "text", ["", "5550002222", "+1", "+999123456789", "+1555000222233334444", "call me", "+" * 300]
)
def test_refuses_what_no_phone_can_be(text: str) -> None:
    """The error does not repeat the number."""
    with pytest.raises(ValueError, match="phone") as caught:
        normalise_phone(text)
    assert text in {"", "+1"} or text not in str(caught.value)


@given(
    st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)),
    st.from_regex(r"[0-9]{4,12}", fullmatch=True),
)
def test_numbers_are_what_the_library_makes_of_them(code: int, national: str) -> None:
    """Also those that it is not asked about."""
    number = f"+{code}{national}"
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        with pytest.raises(ValueError, match="phone"):
            normalise_phone(number)
    else:
        e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        assert normalise_phone(number) == e164


def test_emails_keep_their_local_part() -> None:
    """Only the domain has one form."""
    assert normalise_email("Jane.Doe@EXAMPLE.com") == "Jane.Doe@example.com"
    assert normalise_email("jane@bücher.example.com").endswith("@bücher.example.com")


@pytest.mark.parametrize(
    "text", ["", "jane", "jane@", "@example.com", "a b@example.com", "Jane <jane@example.com>"]
)
def test_refuses_what_is_no_email(text: str) -> None:
    """The error does not repeat the address."""
    with pytest.raises(ValueError, match=r"^not an e-mail address$"):
        normalise_email(text)


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "x\udfff"])
def test_refuses_text_no_database_holds(text: str) -> None:
    """U+0000 and lone surrogates are errors at the door."""
    for kind in (Text, Line):
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(text)


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\r\nBcc: x"])
def test_a_line_is_one_line(text: str) -> None:
    """What goes into a header can't start another."""
    assert TypeAdapter(Text).validate_python(text) == text
    with pytest.raises(ValidationError):
        TypeAdapter(Line).validate_python(text)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=10,
)


@given(ANY_JSON)
def test_anything_can_be_made_storable(value: object) -> None:
    """Every string and key of a provider's JSON can be stored, and nothing else is changed."""
    clean = storable(value)
    repr(clean).encode()
    assert "\x00" not in repr(clean)
    assert storable(clean) == clean


def test_storable_replaces_in_keys_and_deep_down() -> None:
    """What can't be stored becomes U+FFFD wherever it stands."""
    assert storable({"a\x00": ["\ud800", {"b": "c\x00"}]}) == {
        "a\N{REPLACEMENT CHARACTER}": [
            "\N{REPLACEMENT CHARACTER}",
            {"b": "c\N{REPLACEMENT CHARACTER}"},
        ]
    }


@given(st.uuids(), st.integers(1, 99), st.integers(1, 99))
def test_attempt_ids_read_back(message_id: UUID, step: int, number: int) -> None:
    """An attempt's name holds its message, step and try."""
    attempt = AttemptId(message_id, step, number)
    assert AttemptId.parse(str(attempt)) == attempt


AN_ID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
NO_ATTEMPTS = [
    *("", "x", "1.1", AN_ID, f"{AN_ID}.1", f"{AN_ID}.1.1.1", f"{AN_ID}.1.100"),
    *(f" {AN_ID}.1.1", f"{AN_ID}.1.1\n", f"{AN_ID}.-1.1", f"{AN_ID}.a.1"),
]


@pytest.mark.parametrize("text", NO_ATTEMPTS)
def test_foreign_names_are_not_ours(text: str) -> None:
    """What is no attempt id is no error either: other systems name things too."""
    assert AttemptId.parse(text) is None


def test_names_are_fixed_for_ever() -> None:
    """Ids made from content are part of the contract: they must not change between versions."""
    message_id = message_id_for("default", "order-7")
    assert str(message_id) == "12e0b119-0bd9-5fcb-baef-a3910d99818d"
    assert event_id_for("s", "t", "c") == "5f921a7e-5d79-5271-99ff-6493ce696bba"
    assert amqp_message_id("a", "b") == "6a6d2d41-9e0f-5de0-b6e6-c649daaa70fe"
    assert body_id(b"\x00\xff") == "a9d742fb-a606-5f87-b764-bf362df83f4a"


@given(subject=st.text(st.characters(exclude_categories=["Cs"])))
def test_ids_are_uuids_of_version_5(subject: str) -> None:
    """Anyone can make the same id with a library's uuid5."""
    assert event_id_for(subject, "t", "c") == str(uuid5(NAMESPACE, f"event\0{subject}\0t\0c"))
    assert message_id_for("t", subject) == uuid5(NAMESPACE, f"message\0t\0{subject}")


def test_ids_of_different_parts_differ() -> None:
    """Parts are kept apart: shifting a letter from one to the next makes another id."""
    assert message_id_for("a", "bc") != message_id_for("ab", "c")
    assert event_id_for("a", "b", "cd") != event_id_for("a", "bc", "d")
    assert amqp_message_id("a", "bc") != amqp_message_id("ab", "c")


@pytest.mark.parametrize("name", ["", "A", "1a", "a.b", "a*", "a#", "a b", "a" * 33, "a\n"])
def test_tenants_fit_a_routing_key(name: str) -> None:
    """A tenant's name can't break out of its part of a key."""
    with pytest.raises(ValidationError):
        TypeAdapter(TenantName).validate_python(name)


def test_a_failure_is_cut_to_size() -> None:
    """However much a provider says, the failure fits, and reads back from its own JSON."""
    failure = Failure.of(FailureClass.CONTENT, 131047, "x" * 9999, retry_after=timedelta(seconds=9))
    assert (failure.code, len(failure.text)) == ("131047", 512)
    assert Failure.model_validate_json(failure.model_dump_json()) == failure
    assert '"class":"content"' in failure.model_dump_json()


def test_a_tiny_pause_reads_back() -> None:
    """A provider's date a moment ahead must not make a receipt that nobody can read."""
    failure = Failure.of(FailureClass.TRANSIENT, retry_after=timedelta(microseconds=100))
    assert Failure.model_validate_json(failure.model_dump_json()).retry_after is not None
