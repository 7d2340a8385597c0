"""Validation errors as lines that name the setting and never show its value. Pure."""

from __future__ import annotations

from pydantic import ValidationError

NO_DEFAULT = "default_factory_not_called"  # for a field that is wrong itself, and has its own line


def _in_the_file(location: tuple[int | str, ...]) -> list[int | str]:
    """Leave out what pydantic names and is no key of the file.

    That is where a sender's channels and templates are kept, and the form of the channels' users.
    """
    match location:
        case ("senders", name, "channels", *rest):
            return ["senders", name, *rest]
        case ("templates", "named", *rest):
            return ["templates", *rest]
        case ("services", "channels", _, *rest):
            return ["services", "channels", *rest]
    return list(location)


def describe(error: ValidationError) -> list[str]:
    """Say each error as `path.in.the.file: what is wrong`, without the value given."""
    lines: list[str] = []
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        if item["type"] == NO_DEFAULT:
            continue
        location = _in_the_file(item["loc"])
        message = item["msg"].removeprefix("Value error, ")
        if not location:  # a check across parts names its own paths
            lines += message.split("; ")
        else:
            lines.append(f"{'.'.join(map(str, location))}: {message}")
    return lines
