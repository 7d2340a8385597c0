"""`python -m sandbox.table`: the table of behaviours as Markdown, for docs/sandbox.md."""

from __future__ import annotations

from sandbox.behaviours import CASES, DEFAULT


def rows() -> list[str]:
    """Return the table, a line each."""
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


if __name__ == "__main__":
    print("\n".join(rows()))  # noqa: T201  this is what it is for
