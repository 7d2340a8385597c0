"""`HERALD_TLS_CA_FILE`: one variable, and no server is talked to without TLS."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from herald.service.server_urls import AMQP, HTTP, POSTGRES, broker_files, check_url
from herald.service.settings import SettingsError, read_settings
from herald.service.tls_switch import VARIABLE, encrypted
from private_authority import Authority


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give an environment with the switch on."""
    folder = tmp_path_factory.mktemp("an authority")
    return {VARIABLE: str(Authority(folder).certificate)}


def test_off_it_changes_nothing() -> None:
    """URLs stay as they are."""
    for url, schemes in (("amqp://u:p@h/", AMQP), ("postgresql://u@h/d?sslmode=disable", POSTGRES)):
        assert encrypted(url, schemes, {}) == url


def test_every_server_is_verified_by_the_authority(switch: dict[str, str]) -> None:
    """The file's path may hold what a URL would take for something else."""
    file = switch[VARIABLE]
    assert " " in file
    broker = encrypted("amqps://u:p@h/v?heartbeat=10", AMQP, switch)
    assert broker_files(check_url(broker, AMQP)) == {"cafile": file}
    database = encrypted("postgresql://u:p@one:5432,two/d", POSTGRES, switch)
    asked = parse_qs(urlsplit(database).query)
    assert asked == {"sslmode": ["verify-full"], "sslrootcert": [file]}
    management = encrypted("https://u:p@h:15671", HTTP, switch)
    assert parse_qs(urlsplit(management).query) == {"cafile": [file]}


def test_an_authority_that_a_url_names_is_kept(switch: dict[str, str]) -> None:
    """One server may have another than the rest."""
    url = "amqps://u:p@h/?cafile=/its/own"
    assert encrypted(url, AMQP, switch) == url
    database = encrypted("postgresql://u@h/d?sslrootcert=/its/own", POSTGRES, switch)
    assert "sslmode=verify-full" in database
    assert database.count("sslrootcert") == 1


@pytest.mark.parametrize(
    ("url", "schemes", "said"),
    [
        ("amqp://u:secret@h/", AMQP, "must start with amqps://"),
        ("http://u:secret@h", HTTP, "must start with https://"),
        ("postgresql://u:secret@h/d?sslmode=require", POSTGRES, "sslmode can only be verify-full"),
    ],
)
def test_a_connection_without_it_is_refused(
    switch: dict[str, str], url: str, schemes: tuple[str, ...], said: str
) -> None:
    """It is said why, without the password."""
    with pytest.raises(ValueError, match=said) as caught:
        encrypted(url, schemes, switch)
    assert VARIABLE in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    """Missing, or no certificate."""
    for name, said in (("nowhere", "No such file"), ("empty", "no certificate in PEM form")):
        file = tmp_path / name
        if name == "empty":
            file.touch()
        with pytest.raises(ValueError, match=said):
            encrypted("amqps://h/", AMQP, {VARIABLE: str(file)})


def test_a_service_does_not_start_without_it(switch: dict[str, str]) -> None:
    """Each URL at fault is named."""
    servers = {"HERALD_AMQP_URL": "amqp://h/", "HERALD_POSTGRES_DSN": "postgresql://h/d"}
    with pytest.raises(SettingsError, match=r"^HERALD_AMQP_URL: must start with amqps://"):
        read_settings(operations_port=1, environment=servers | switch)
    good = servers | {"HERALD_AMQP_URL": "amqps://h/"}
    settings = read_settings(operations_port=1, environment=good | switch)
    assert "cafile=" in settings.amqp_url
    assert "sslmode=verify-full" in settings.postgres_dsn
