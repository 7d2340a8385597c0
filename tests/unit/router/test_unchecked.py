"""Fields that no model checks are written as their models would write them."""

from __future__ import annotations

import json
from datetime import UTC, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from herald.contracts.events import CommandData, Fallback, MessageData, Waits
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import Category, FailureClass
from herald.contracts.work import Work, WorkContent
from router.outgoing.unchecked import fields_of, write, write_known

ZONES = st.sampled_from([UTC, timezone(timedelta(hours=-3, minutes=-30))])
MOMENTS = st.datetimes(timezones=ZONES)
FAILURES = st.builds(
    Failure.of,
    st.sampled_from(FailureClass),
    st.text(max_size=8),
    st.text(max_size=8),
    retry_after=st.none() | st.just(timedelta(seconds=30)),
    address_gone=st.booleans(),
    opted_out_of=st.none() | st.sampled_from(Category),
)
EVENTS = st.one_of(
    st.builds(
        MessageData,
        occurred_at=MOMENTS,
        received_at=MOMENTS,
        failure=st.none() | FAILURES,
        fallback=st.none() | st.builds(Fallback),
        waits=st.none() | st.builds(Waits, until=MOMENTS),
        resent_from=st.none() | st.text(),
        metadata=st.dictionaries(st.text(), st.text(), max_size=2),
    ),
    st.builds(
        CommandData,
        expires_at=st.none() | MOMENTS,
        reason=st.none() | st.text(),
        channels=st.none() | st.lists(st.text(), max_size=2),
        erased=st.none() | st.dictionaries(st.text(), st.integers(0, 2**40), max_size=2),
    ),
)
WORK = st.builds(
    Work,
    content=st.builds(WorkContent, text=st.text(), html=st.none() | st.text()),
    not_after=MOMENTS,
    sender=st.none() | st.text(),
    avoid=st.lists(st.text(), max_size=2).map(tuple),
)


def _given(model: BaseModel) -> dict[str, object]:
    return {name: getattr(model, name) for name in model.model_fields_set}


@given(EVENTS)
def test_what_is_written_of_an_event_is_what_its_model_writes(
    data: MessageData | CommandData,
) -> None:
    """Field by field, in the same order, with null for what is not known."""
    written = write(fields_of(type(data))(**_given(data)))  # type: ignore[arg-type]
    assert json.loads(written) == json.loads(data.model_dump_json())
    assert list(json.loads(written)) == list(type(data).model_fields)


@given(WORK)
def test_what_is_written_of_work_is_what_its_model_writes(work: Work) -> None:
    """Without what is not known, in its contents too."""
    written = write_known(fields_of(Work)(**_given(work)))
    assert json.loads(written) == json.loads(work.model_dump_json(exclude_none=True))
    assert Work.model_validate_json(written) == work
