"""Effects as frames: CloudEvents for users, work for channels."""

from __future__ import annotations

import json

from herald.content import ChannelContent
from herald.vocabulary import FailureClass, Status
from herald.work import Work
from router.core.decide import decide
from router.core.effects import Dispatch, Emit
from router.core.facts import Begun
from router.frames import message_event, work_frame
from router.outbox import decode, encode
from unit.router.making import CONTEXT, MESSAGE_ID, NOW, begun, failed, message, receipt


def test_event_is_a_cloud_event_named_by_its_cause() -> None:
    """The same fact makes the same event id; another fact another one."""
    before = begun()
    decision = decide(before, receipt(before, Status.DELIVERED), NOW)
    [emit] = [effect for effect in decision.effects if isinstance(effect, Emit)]
    frames = [message_event(decision.message, emit, NOW) for _ in range(2)]
    event = json.loads(frames[0].body)
    assert frames[0].message_id == frames[1].message_id == event["id"]
    assert event["specversion"] == "1.0"
    assert event["type"] == "herald.message.delivered.v1"
    assert event["subject"] == str(MESSAGE_ID)
    assert frames[0].routing_key == "message.delivered.default"
    assert not frames[0].mandatory


def test_failure_is_told_by_class_and_code() -> None:
    """In JSON a failure's class is called `class`."""
    before = begun()
    decision = decide(before, failed(before, FailureClass.UNREACHABLE, "131026"), NOW)
    emit = next(effect for effect in decision.effects if isinstance(effect, Emit))
    failure = json.loads(message_event(decision.message, emit, NOW).body)["data"]["failure"]
    assert (failure["class"], failure["code"]) == ("unreachable", "131026")


def test_work_names_its_attempt_and_its_end() -> None:
    """Work carries the attempt, the dispatch, and until when it may start."""
    decision = decide(message(), Begun(context=CONTEXT), NOW)
    [dispatch] = [effect for effect in decision.effects if isinstance(effect, Dispatch)]
    frame = work_frame(decision.message, dispatch.attempt, ChannelContent(text="Hello"), NOW)
    work = Work.model_validate_json(frame.body)
    assert work.attempt_id == f"{MESSAGE_ID}.1.1"
    assert work.not_after == decision.message.state.start_by
    assert frame.routing_key == "whatsapp.normal"
    assert frame.mandatory


def test_outbox_keeps_frames_as_they_are() -> None:
    """What is read back from an outbox row is what was promised."""
    before = begun()
    decision = decide(before, receipt(before, Status.DELIVERED), NOW)
    [emit] = [effect for effect in decision.effects if isinstance(effect, Emit)]
    frame = message_event(decision.message, emit, NOW)
    assert decode(encode([frame])) == [frame]
