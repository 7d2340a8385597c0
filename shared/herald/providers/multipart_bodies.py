"""Reading a form with files that comes in (RFC 7578), from its raw body. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from herald.contracts.text import storable
from herald.providers.lenient_json import NotUnderstoodError, Reason

MAX_PARTS = 1_000
_MOST_HEAD_BYTES = 16 * 1024  # of one part


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPart:
    """A field, or a file."""

    name: str
    value: bytes = field(repr=False)
    filename: str | None = None  # None: a field
    content_type: str | None = None

    @property
    def text(self) -> str:
        """The value as UTF-8; what is not, and U+0000, is replaced."""
        return str(storable(self.value.decode("utf-8", "replace")))


def read_multipart(body: bytes, content_type: bytes) -> list[FormPart]:
    """Read a form with files; its parts in their order.

    Raises:
        NotUnderstoodError: it is none, has no end, or more parts than anybody sends.
    """
    try:
        return _parts(body, content_type)
    except (ValueError, FormParserError):
        raise NotUnderstoodError(Reason.SHAPE) from None


def firsts(parts: Iterable[FormPart]) -> dict[str, str]:
    """Return the first value of each field; files are none."""
    found: dict[str, str] = {}
    for part in parts:
        if part.filename is None:
            found.setdefault(part.name, part.text)
    return found


def lasts(parts: Iterable[FormPart]) -> dict[str, str]:
    """Return the last value of each field; files are none."""
    return {part.name: part.text for part in parts if part.filename is None}


class _Reader:
    """Gathers what the parser calls out."""

    def __init__(self) -> None:
        self.parts: list[FormPart] = []
        self.is_whole = False
        self._begin()

    def _begin(self) -> None:
        self._heads: dict[bytes, bytes] = {}
        self._name, self._value, self._body = bytearray(), bytearray(), bytearray()
        self._head_bytes = 0

    def on_part_begin(self) -> None:
        self._begin()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._name += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._value += data[start:end]

    def on_header_end(self) -> None:
        self._heads[bytes(self._name).lower()] = bytes(self._value)
        self._name, self._value = bytearray(), bytearray()

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._body += data[start:end]

    def on_part_end(self) -> None:
        if len(self.parts) == MAX_PARTS:
            raise ValueError("too many parts")
        _, options = parse_options_header(self._heads.get(b"content-disposition"))
        name, filename = options.get(b"name"), options.get(b"filename")
        if name is None:
            raise ValueError("a part without a name")
        content_type = self._heads.get(b"content-type")
        self.parts.append(
            FormPart(
                name=str(storable(name.decode("utf-8", "replace"))),
                value=bytes(self._body),
                filename=None if filename is None else filename.decode("utf-8", "replace"),
                content_type=None if content_type is None else content_type.decode("latin-1"),
            )
        )

    def on_end(self) -> None:
        self.is_whole = True

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > _MOST_HEAD_BYTES:
            raise ValueError("too large a head")


def _parts(body: bytes, content_type: bytes) -> list[FormPart]:
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise ValueError("no boundary")
    reader = _Reader()
    names = (name for name in dir(_Reader) if name.startswith("on_"))
    parser = MultipartParser(boundary, {name: getattr(reader, name) for name in names})  # type: ignore[arg-type]  # those that it knows
    parser.write(body)
    parser.finalize()
    if not reader.is_whole:
        raise ValueError("it has no end")
    return reader.parts
