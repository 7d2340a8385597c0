"""A server's URL and the file that holds its password."""

from __future__ import annotations

from pathlib import Path

import pytest

from herald.service.server_variables import (
    BROKER,
    DATABASE,
    MANAGEMENT,
    PASSWORD_FILES,
    ServerVariableError,
    read_server_url,
    with_password,
)
from secret_files import write_secrets

URLS = {
    BROKER: ("amqps://router@mq/herald?cafile=/a", "amqps://router:{}@mq/herald?cafile=/a"),
    DATABASE: ("postgresql://router@a:1,b:2/herald", "postgresql://router:{}@a:1,b:2/herald"),
    MANAGEMENT: ("https://topology@mq:15671", "https://topology:{}@mq:15671"),
}
PASSWORD_FILE = PASSWORD_FILES[BROKER]


@pytest.mark.parametrize("name", URLS)
def test_a_file_brings_the_password(name: str, tmp_path: Path) -> None:
    """Each server's URL is completed from its file, whose last line end is no part of it."""
    file = write_secrets(tmp_path / "password", "hunter2\n")
    written, complete = URLS[name]
    environment = {name: written, PASSWORD_FILES[name]: str(file)}
    assert read_server_url(name, environment) == complete.format("hunter2")


def test_a_password_of_any_characters_is_percent_encoded() -> None:
    """What would end the password in a URL does not."""
    url = with_password("amqp://u@mq/", "a:b@c/d?e#f%g é")
    assert url == "amqp://u:a%3Ab%40c%2Fd%3Fe%23f%25g%20%C3%A9@mq/"


def test_without_a_file_the_url_is_as_it_is_written() -> None:
    """A password may still stand in the URL."""
    assert read_server_url(BROKER, {BROKER: "amqp://u:p@mq/"}) == "amqp://u:p@mq/"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("amqp://u:p@mq/", "has a password already"),
        ("amqp://mq/", "names no user"),
    ],
)
def test_a_file_and_a_url_that_do_not_fit_are_refused(
    url: str, problem: str, tmp_path: Path
) -> None:
    """Neither silently wins over the other."""
    file = write_secrets(tmp_path / "password", "hunter2")
    with pytest.raises(ServerVariableError, match=f"^{PASSWORD_FILE}: .*{problem}") as caught:
        read_server_url(BROKER, {BROKER: url, PASSWORD_FILE: str(file)})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "mode", "problem"),
    [(b"\n", 0o400, "empty"), (b"\xff", 0o400, "not text"), (b"x", 0o444, "others may use it")],
)
def test_a_file_that_can_not_be_used_is_named(
    content: bytes, mode: int, problem: str, tmp_path: Path
) -> None:
    """An empty, unreadable or open file is a problem of its variable, and shows nothing of it."""
    file = tmp_path / "password"
    file.write_bytes(content)
    file.chmod(mode)
    with pytest.raises(ServerVariableError, match=f"^{PASSWORD_FILE}: .*{problem}"):
        read_server_url(BROKER, {BROKER: "amqp://u@mq/", PASSWORD_FILE: str(file)})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """It may not be mounted yet, or not at all."""
    file = tmp_path / "nowhere"
    with pytest.raises(ServerVariableError, match=rf"^{PASSWORD_FILE}: No such file.*: {file}$"):
        read_server_url(BROKER, {BROKER: "amqp://u@mq/", PASSWORD_FILE: str(file)})
