"""What every part of a content is: strict, as users' commands are, and without credentials."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    HttpUrl,
    PlainSerializer,
    StringConstraints,
    TypeAdapter,
)

_URL = TypeAdapter(HttpUrl)


def _https_url(value: str) -> str:
    url = _URL.validate_python(value)
    if url.scheme != "https" or url.username or url.password:
        raise ValueError("must be an https URL without credentials")
    return str(url)


HttpsUrl = Annotated[
    str, StringConstraints(max_length=2048), AfterValidator(_https_url), PlainSerializer(str)
]


class ContentPart(BaseModel):
    """A part of what a message says: an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
