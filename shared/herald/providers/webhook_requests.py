"""A webhook request as a provider made it: what signatures cover and normalisers read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from urllib.parse import parse_qsl

from herald.contracts.text import storable
from herald.providers.lenient_json import NotUnderstoodError, Reason
from herald.providers.multipart_bodies import FormPart, read_multipart

MAX_FIELDS = 1_000
FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"


@dataclass(kw_only=True)
class WebhookRequest:
    """One request. Nothing in it is to be trusted before its signature is verified."""

    method: str
    url: str  # as the provider called it: the public base, then path and query as sent
    query: bytes  # raw
    headers: Mapping[bytes, bytes]  # names in lower case
    body: bytes  # raw
    received_at: datetime

    @cached_property
    def query_fields(self) -> list[tuple[str, str]]:
        """The query's fields, decoded; one character a byte (see `fields_of`).

        Raises:
            ValueError: too many fields.
        """
        return fields_of(self.query)

    @cached_property
    def form_fields(self) -> list[tuple[str, str]]:
        """The body's fields when it is a form, likewise.

        Raises:
            ValueError: too many fields.
        """
        return fields_of(self.body)

    @property
    def media_type(self) -> str:
        """What it says that its body is, in lower case, without parameters."""
        header = self.headers.get(b"content-type", b"").decode("latin-1")
        return header.partition(";")[0].strip().lower()

    @cached_property
    def form_parts(self) -> list[FormPart]:
        """The fields and files of a form, sent with files or without, in their order.

        Raises:
            NotUnderstoodError: it is no such form, or has too many fields.
        """
        if self.media_type == MULTIPART:
            return read_multipart(self.body, self.headers[b"content-type"])
        try:
            return [
                FormPart(name=str(storable(as_text(name))), value=value.encode("latin-1"))
                for name, value in self.form_fields
            ]
        except ValueError:
            raise NotUnderstoodError(Reason.BEYOND_LIMITS) from None

    def query_value(self, name: str) -> str | None:
        """Return the first value of a query field, None when it is absent."""
        return next((value for key, value in self.query_fields if key == name), None)


def fields_of(encoded: bytes) -> list[tuple[str, str]]:
    """Decode `application/x-www-form-urlencoded` bytes, blank values included, nothing trimmed.

    Names and values come as latin-1, one character for each byte the sender encoded: a signature
    covers those bytes, also where they are not UTF-8. `as_text` reads them.

    Raises:
        ValueError: too many fields.
    """
    return parse_qsl(
        encoded.decode("latin-1"),
        keep_blank_values=True,
        encoding="latin-1",
        max_num_fields=MAX_FIELDS,
    )


def as_text(field: str) -> str:
    """Read a decoded field as the UTF-8 it is; what is not is replaced."""
    return field if field.isascii() else field.encode("latin-1").decode("utf-8", "replace")
