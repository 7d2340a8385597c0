"""Who may use the read API, and what others get."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from structlog.testing import capture_logs

from herald.config.loading import Configuration, ConfigurationError, load_configuration
from herald.contracts.read_tokens import Reader, entry_for
from reading import TOKENS, ApiResponse, ask, with_readers
from router.read_api.access import ReadAccess

CONFIGURATION = Path(__file__).parents[2] / "behaviour" / "router" / "herald.toml"
HOST = ("host", "127.0.0.1:8002")


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    """Give a configuration with readers; its tokens file is in `tmp_path`."""
    return with_readers(load_configuration(CONFIGURATION), tmp_path)


def _application(configuration: Configuration) -> Starlette:
    async def name(_request: Request, reader: Reader) -> Response:
        return PlainTextResponse(reader.name)

    access = ReadAccess(configuration, "127.0.0.1", look_seconds=0)
    return Starlette(routes=[access.route("/name", name)])


async def _ask(configuration: Configuration, *headers: tuple[str, str]) -> ApiResponse:
    return await ask(_application(configuration), "/name", reader=None, headers=headers)


@pytest.mark.parametrize("name", TOKENS)
async def test_a_token_is_its_readers(configuration: Configuration, name: str) -> None:
    """The handler is given who asks."""
    answer = await ask(_application(configuration), "/name", reader=name)
    assert (answer.status, answer.body.decode()) == (200, name)


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("authorization", ""),),
        (("authorization", "Bearer"),),
        (("authorization", "Bearer "),),
        (("authorization", f"Basic {TOKENS['operator']}"),),
        (("authorization", TOKENS["operator"]),),
        (("authorization", f"Bearer {TOKENS['operator']}"),) * 2,
    ],
)
async def test_without_a_token_nobody_reads(
    configuration: Configuration, headers: tuple[tuple[str, str], ...]
) -> None:
    """One header with one bearer token is asked for."""
    answer = await _ask(configuration, HOST, *headers)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="herald"'
    assert answer.document == {"error": "a bearer token is needed"}


@pytest.mark.parametrize("token", ["x", TOKENS["operator"][:-1], TOKENS["operator"] + "x", "é"])
async def test_an_unknown_token_reads_nothing(configuration: Configuration, token: str) -> None:
    """It differs from none, as the standard has it, and is not repeated."""
    answer = await _ask(configuration, HOST, ("authorization", f"bearer {token}"))
    assert answer.status == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert answer.document == {"error": "this token is not known"}


@pytest.mark.parametrize(
    "hosts",
    [(), (("host", "evil.example"),), (("host", "evil.example:8002"),), (HOST, HOST)],
)
async def test_another_host_is_not_answered(
    configuration: Configuration, hosts: tuple[tuple[str, str], ...]
) -> None:
    """With any token: a page elsewhere could have its own name lead here."""
    answer = await _ask(configuration, *hosts, ("authorization", f"Bearer {TOKENS['operator']}"))
    assert answer.status == 421
    assert answer.headers["content-type"].startswith("text/plain")
    assert b"evil" not in answer.body


async def test_a_configured_host_is_answered(configuration: Configuration) -> None:
    """`[read_api] hosts` names what the router is called elsewhere."""
    headers = (("host", "herald.test:80"), ("authorization", f"Bearer {TOKENS['default']}"))
    assert (await _ask(configuration, *headers)).body == b"default"


async def test_without_a_tokens_file_nobody_reads() -> None:
    """It says what is missing."""
    answer = await _ask(
        load_configuration(CONFIGURATION), HOST, ("authorization", "Bearer anything")
    )
    assert answer.status == 401
    assert answer.document == {"error": "no tokens are configured: [read_api] tokens_file"}


async def test_the_tokens_file_is_read_again(configuration: Configuration, tmp_path: Path) -> None:
    """A token that was taken out reads no more, and a new one reads."""
    application = _application(configuration)
    assert (await ask(application, "/name", reader="default")).status == 200
    (tmp_path / "tokens.toml").write_text(entry_for("new", TOKENS["other"], ["other"]))
    assert (await ask(application, "/name", reader="default")).status == 401
    assert (await ask(application, "/name", reader="other")).body == b"new"


def _broken(path: Path) -> None:
    path.write_text("[tokens.x]\nsha256 = hunter2")


def _opened(path: Path) -> None:
    path.chmod(0o644)


@pytest.mark.parametrize("spoil", [_broken, _opened, Path.unlink])
async def test_a_spoiled_tokens_file_lets_nobody_in(
    configuration: Configuration, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    """Whom it would refuse is not known: an outage, logged once, until there is a good one."""
    application, path = _application(configuration), tmp_path / "tokens.toml"
    good = path.read_text()
    spoil(path)
    with capture_logs() as logs:
        answers = [await ask(application, "/name", reader="operator") for _ in range(3)]
    assert [answer.status for answer in answers] == [503] * 3
    [line] = logs
    assert (line["event"], line["log_level"]) == ("read_api.tokens_unusable", "error")
    assert "hunter2" not in str(line)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(good)
    assert (await ask(application, "/name", reader="operator")).status == 200


def test_a_start_needs_tokens_that_can_be_used(
    configuration: Configuration, tmp_path: Path
) -> None:
    """What is wrong is named with its path, and the service does not start."""
    path = tmp_path / "tokens.toml"
    path.write_text(entry_for("x", "t", ["nobody"]))
    with pytest.raises(ConfigurationError) as caught:
        ReadAccess(configuration, "127.0.0.1", look_seconds=0)
    assert caught.value.problems == ["read_api.tokens_file: tokens.x.tenants: no tenant 'nobody'"]
    _opened(path)
    with pytest.raises(ConfigurationError, match=r"read_api\.tokens_file: .*: others may use it"):
        ReadAccess(configuration, "127.0.0.1", look_seconds=0)


async def test_no_token_is_logged(
    configuration: Configuration, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a known one nor an unknown one."""
    with caplog.at_level(logging.DEBUG), capture_logs() as logs:
        await ask(_application(configuration), "/name", reader="operator")
        await _ask(configuration, HOST, ("authorization", "Bearer hunter2"))
    said = f"{caplog.text} {logs}"
    assert "hunter2" not in said
    assert TOKENS["operator"] not in said
