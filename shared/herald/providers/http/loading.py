"""Reading profiles: those that ship with Herald, by name, and files beside herald.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from herald.providers.http.checks import KeyPath, problems
from herald.providers.http.profile import Profile
from herald.providers.http.toml_lines import line_of, lines_of

MAX_BYTES = 64 * 1024
_SHIPPED = files("herald.profiles")
_SUFFIX = ".toml"


class ProfileError(ValueError):
    """A profile can't be used; each of `problems` names file, line and key."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def shipped_names() -> tuple[str, ...]:
    """Name the profiles that ship with Herald."""
    names = (file.name for file in _SHIPPED.iterdir() if file.name.endswith(_SUFFIX))
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names))


@cache
def shipped(name: str) -> Profile:
    """Read a profile that ships with Herald."""
    return read_profile(source_of(name), f"{name}{_SUFFIX}")


def source_of(name: str) -> str:
    """Return the text of a profile that ships with Herald."""
    return (_SHIPPED / f"{name}{_SUFFIX}").read_text()


def find_profile(named: str, folder: Path | None) -> Profile:
    """Read the profile that an account names; a path is relative to `folder`.

    Raises:
        ProfileError: there is none, or it can't be used.
    """
    if "/" not in named and not named.endswith(_SUFFIX):
        if named not in shipped_names():
            known = ", ".join(shipped_names())
            why = f"no profile {named!r}; with Herald come {known}; a path ends with {_SUFFIX}"
            raise ProfileError([why])
        return shipped(named)
    try:
        content = ((folder or Path()) / named).read_bytes()
    except OSError as error:
        raise ProfileError([f"{named}: {error.strerror}"]) from None
    if len(content) > MAX_BYTES:
        raise ProfileError([f"{named}: over {MAX_BYTES // 1024} KiB"])
    try:
        return read_profile(content.decode(), named)
    except UnicodeDecodeError:
        raise ProfileError([f"{named}: not UTF-8"]) from None


def read_profile(text: str, file: str) -> Profile:
    """Read a profile's text; `file` is what messages call it.

    Raises:
        ProfileError: with everything that is wrong with it.
    """
    try:
        document = tomllib.loads(text)
    except ValueError as error:
        raise ProfileError([f"{file}: not TOML: {error}"]) from None
    except RecursionError:
        raise ProfileError([f"{file}: too many levels"]) from None
    try:
        profile = Profile.model_validate(document)
        found = list(problems(profile))
    except ValidationError as error:
        found = list(_described(error))
    if found:
        lines = lines_of(text)
        raise ProfileError([_line(file, line_of(lines, at), at, what) for at, what in found])
    return profile


def _described(error: ValidationError) -> Iterator[tuple[KeyPath, str]]:
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        at = tuple(part for part in item["loc"] if part != "[key]")
        if at[:2] == ("webhooks", "signature"):  # the scheme that pydantic tells apart by
            at = (*at[:2], *at[3:])
        yield at, item["msg"].removeprefix("Value error, ")


def _line(file: str, line: int | None, at: KeyPath, what: str) -> str:
    place = f"{file}:{line}" if line is not None else file
    return f"{place}: {'.'.join(map(str, at))}: {what}"
