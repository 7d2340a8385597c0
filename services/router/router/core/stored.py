"""Plans and states as the database has them: JSON."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec
from pydantic import BaseModel

from router.core.message import Plan, State

T = TypeVar("T")


class StoredForm(Generic[T]):
    """The stored form of one kind of value.

    It lacks what is as by default, so defaults may never change; keys of a later version are
    ignored when it is read.
    """

    def __init__(self, kind: type[T]) -> None:
        self._encoder = msgspec.json.Encoder(enc_hook=_write_model)
        self._decoder = msgspec.json.Decoder(kind, dec_hook=_read_model)

    def write(self, value: T) -> str:
        """Write a value."""
        return self._encoder.encode(value).decode()

    def read(self, text: str) -> T:
        """Read a value.

        Raises:
            msgspec.ValidationError: no version wrote this.
        """
        return self._decoder.decode(text)


def _write_model(value: Any) -> Any:
    """Write what contracts define, such as a failure."""
    return value.model_dump(mode="json", exclude_defaults=True)


def _read_model(kind: type[BaseModel], value: Any) -> BaseModel:
    return kind.model_validate(value)


PLAN = StoredForm(Plan)
STATE = StoredForm(State)
