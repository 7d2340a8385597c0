"""Which texts are written with other letters, and what becomes of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channel_sms.content import render
from channel_sms.transliterating import transliterated
from herald.contracts.content.segments import SmsEncoding, count_segments, encoding_of
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import WorkContent
from herald.providers.rendered import RenderedSms
from unit.channel.making import work

LONG = " and so on" * 8  # so that UCS-2 takes a segment more


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("“It\u2019s” \u2013 here…", '"It\'s" - here...'),
        ("Привет", "Privet"),
        ("naïve façade", "naive facade"),
        ("Cafe\u0301", "Café"),  # a letter and its accent: GSM-7 has them as one
        ("a\u00a0b\tc", "a b c"),
        ("`ok`ą", "'ok'a"),
        ("Größe “x”", 'Größe "x"'),  # what GSM-7 has stays
        ("Zażółć gęślą jaźń", "Zazolc gesla jazn"),
    ],
)
def test_letters_that_gsm_7_lacks(text: str, plain: str) -> None:
    """They are written with those that it has."""
    assert transliterated(text + LONG) == plain + LONG


@pytest.mark.parametrize("text", ["", "Hello", "Hello €", "Привет", "“Hi”", "😀😀😀"])
def test_a_text_that_saves_no_segment_stays(text: str) -> None:
    """Nothing is lost for nothing."""
    assert transliterated(text) == text


@given(st.text(max_size=300))
def test_it_is_never_longer_on_its_way(text: str) -> None:
    """It is the text itself, or one in GSM-7 that takes fewer segments."""
    plain = transliterated(text)
    assert plain == text or (
        encoding_of(plain) is SmsEncoding.GSM_7 and count_segments(plain) < count_segments(text)
    )


def rendered(text: str, **options: object) -> RenderedSms | Failure:
    content = WorkContent.model_validate({"text": text, **options})
    return render(work(content=content), holds_template=False)


def test_it_is_done_where_it_is_wanted() -> None:
    """And said, so that a dry run can say it."""
    text = "“Привет”" + LONG
    plain = rendered(text, transliterate=True)
    assert isinstance(plain, RenderedSms)
    assert (plain.encoding, plain.segments, plain.transliterated) == (SmsEncoding.GSM_7, 1, True)
    as_it_is = rendered(text)
    assert isinstance(as_it_is, RenderedSms)
    assert (as_it_is.text, as_it_is.segments, as_it_is.transliterated) == (text, 2, False)


def test_too_many_segments_are_refused() -> None:
    """Counted as the text then goes."""
    text = "Привет" * 20
    refused = rendered(text, most_segments=1)
    assert isinstance(refused, Failure)
    assert (refused.failure_class, refused.code) == (FailureClass.CONTENT, "too_many_segments")
    assert "2 segments on sms, at most 1 are allowed" in refused.text
    assert isinstance(rendered(text, most_segments=1, transliterate=True), RenderedSms)
