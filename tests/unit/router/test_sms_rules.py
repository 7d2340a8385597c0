"""`[sms]`: what goes for an SMS where its command does not say."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from herald.config.file import HeraldFile
from herald.contracts.vocabulary import Lane
from herald.contracts.work import WorkContent
from router.commands import Candidate, Rejection
from router.store.messages import read_contents
from unit.router.making import NOW
from unit.router.offering import DOCUMENT, envelope, read_send

TWO = "x" * 161


def read(sms: dict[str, Any], route: str = "sms", **content: Any) -> Candidate | Rejection:
    configuration = HeraldFile.model_validate_json(json.dumps(deepcopy(DOCUMENT) | {"sms": sms}))
    arrived = envelope(route=route, content=content)
    return read_send(arrived, configuration, Lane.NORMAL, NOW)


def said(sms: dict[str, Any], **content: Any) -> WorkContent:
    candidate = read(sms, "default", **content)
    assert isinstance(candidate, Candidate)
    contents = read_contents(candidate.contents)
    assert contents["whatsapp"].transliterate is None
    return contents["sms"]


def test_the_configuration_says_it_for_sms() -> None:
    """A command's own word comes first, also where that is no."""
    assert said({"transliterate": True}, text="Hi").transliterate is True
    own = {"sms": {"transliterate": False}}
    assert said({"transliterate": True}, text="Hi", overrides=own).transliterate is False
    assert said({"most_segments": 3}, text="Hi").most_segments == 3


def test_a_text_of_too_many_segments_is_skipped() -> None:
    """Or refused with its field, where there is no other step."""
    refused = read({"most_segments": 1}, text=TWO)
    assert isinstance(refused, Rejection)
    assert refused.field == "content.text"
    assert refused.reason == "no usable step (step 1: 2 segments on sms, at most 1 are allowed)"
    candidate = read({"most_segments": 1}, "default", text=TWO, subject="Hi")
    assert isinstance(candidate, Candidate)
    assert [step.channel for step in candidate.message.plan.steps] == ["whatsapp", "email"]


def test_a_text_that_may_still_shrink_is_left_to_the_worker() -> None:
    """As far as it can at all."""
    sms = {"most_segments": 1, "transliterate": True}
    assert isinstance(read(sms, text="я" * 150), Candidate)
    assert isinstance(read(sms, text="я" * 161), Rejection)


def test_a_kind_of_file_that_sms_has_not_is_skipped() -> None:
    """By what the message says that it is."""
    refused = read({}, media=[{"url": "https://a.example/x", "kind": "sticker"}])
    assert isinstance(refused, Rejection)
    assert (refused.field, "no sticker on sms" in refused.reason) == ("content.media", True)
