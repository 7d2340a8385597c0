"""Fields of the contracts' models, written as JSON without being checked by them.

For what every message has several of, made of values that are typed here: to check and copy them
again takes more time than all else about an event.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, cast

import msgspec
from pydantic import BaseModel

P = ParamSpec("P")
Fields = dict[str, Any]


def fields_of(model: Callable[P, BaseModel]) -> Callable[P, Fields]:
    """Take what `model` takes, and return its fields in their order, with those left out.

    The type checker holds the arguments to the model's; nothing else does.
    """
    known = cast("type[BaseModel]", model).model_fields.items()
    as_by_default = {
        name: None if field.is_required() else field.get_default(call_default_factory=True)
        for name, field in known
    }

    def fields(*_: P.args, **given: P.kwargs) -> Fields:
        return {**as_by_default, **given}

    return fields


def write(fields: Fields) -> bytes:
    """Write fields, and the models among their values whole."""
    return _WHOLE.encode(fields)


def write_known(fields: Fields) -> bytes:
    """Write fields, and the models among their values, but for what is None."""
    return _KNOWN.encode({name: value for name, value in fields.items() if value is not None})


def _whole(model: BaseModel) -> msgspec.Raw:
    return msgspec.Raw(model.__pydantic_serializer__.to_json(model))


def _known(model: BaseModel) -> msgspec.Raw:
    return msgspec.Raw(model.__pydantic_serializer__.to_json(model, exclude_none=True))


_WHOLE = msgspec.json.Encoder(enc_hook=_whole)
_KNOWN = msgspec.json.Encoder(enc_hook=_known)
