"""`herald erase`, as far as it goes without a broker."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from herald.cli.application import application

USAGE = 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give --phone, --email or --address"),
        (["--address", "+15550000002"], "write CHANNEL=ADDRESS"),
        (["--phone", "+15550000002", "--timeout", "soon"], "--timeout soon"),
        (["--phone", "+15550000002"], "HERALD_AMQP_URL is not set"),
    ],
)
def test_wrong_input_is_named(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    """One line says what is wrong, with exit code 2; nothing is asked."""
    monkeypatch.delenv("HERALD_AMQP_URL", raising=False)
    done = CliRunner().invoke(application, ["erase", *arguments])
    assert done.exit_code == USAGE
    assert said in done.stderr
