"""`python -m sandbox.table`: the table of cases as Markdown, for docs/sandbox.md.

`python -m sandbox.table codes`: what each provider says to each failure.
"""

from __future__ import annotations

import sys

from sandbox.cases import CASES, DEFAULT
from sandbox.registry import definitions


def rows() -> list[str]:
    """Return the table of cases, a line each."""
    lines = [
        "| phone ends in | e-mail local part | what happens | WhatsApp | SMS | e-mail |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for digits, case in (("anything else", DEFAULT), *CASES.items()):
        lines.append(
            f"| {digits} | `{case.name}` | {case.says} "
            f"| {case.whatsapp} | {case.sms} | {case.email} |"
        )
    return lines


def codes() -> list[str]:
    """Return the table of failures, a line each."""
    lines = ["| provider | channel | failure | code |", "| --- | --- | --- | --- |"]
    for definition in definitions():
        for channel, vocabulary in definition.channels.items():
            for failure, code in vocabulary.failures.items():
                lines.append(f"| {definition.name} | {channel} | {failure.value} | {code} |")
        channels = ", ".join(definition.channels)
        for scope, code in definition.throttles.items():
            lines.append(f"| {definition.name} | {channels} | too fast: {scope} | {code} |")
    return lines


if __name__ == "__main__":
    print("\n".join(codes() if "codes" in sys.argv[1:] else rows()))  # noqa: T201
