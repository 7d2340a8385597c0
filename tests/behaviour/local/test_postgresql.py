"""Private PostgreSQL servers, whoever runs them and wherever they live."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from herald_local import databases, ports, postgresql_programs
from herald_local.errors import LocalError
from herald_local.postgresql_server import PostgresqlServer
from herald_local.servers import erase
from herald_local.unprivileged import account_identity


def _server(home: Path) -> PostgresqlServer:
    home.mkdir(parents=True)
    return PostgresqlServer(home=home, port=ports.free_port(), password="a1b2c3")


def test_the_wheels_programs_serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the machine has no PostgreSQL the wheel's is enough, whatever the folder's name."""
    monkeypatch.setenv(postgresql_programs.CHOICE_VARIABLE, "embedded")
    server = _server(tmp_path / "a checkout" / ".run" / "dev")
    try:
        server.start(die_with_parent=True)
        assert databases.accepts(databases.create_database(server.dsn, "ours"))
    finally:
        server.stop()
        erase(server.home)
    assert not databases.accepts(server.dsn)


def test_databases_survive_a_restart_and_passwords_are_needed(tmp_path: Path) -> None:
    """The cluster is made once, and no other local user gets in without the password."""
    server = _server(tmp_path / "dev")
    try:
        server.start(die_with_parent=True)
        dsn = databases.create_database(server.dsn, "kept")
        server.stop()
        server.start(die_with_parent=True)
        assert databases.accepts(dsn)
        assert not databases.accepts(dsn.replace("a1b2c3", "guess"))
    finally:
        server.stop()
        erase(server.home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change to another account")
def test_another_account_serves_from_a_folder_it_can_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkout in root's own folder gets a link to data elsewhere, and erasing follows it."""
    monkeypatch.setenv(postgresql_programs.CHOICE_VARIABLE, "embedded")
    tmp_path.chmod(0o700)
    server = _server(tmp_path / "dev")
    try:
        server.start(die_with_parent=True, identity=account_identity())
        assert databases.accepts(server.dsn)
        elsewhere = server.directory
        assert tmp_path not in elsewhere.parents
    finally:
        server.stop()
        erase(server.home)
    assert not elsewhere.exists()


def test_an_unknown_choice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt choice of PostgreSQL is an error, not a silent default."""
    monkeypatch.setenv(postgresql_programs.CHOICE_VARIABLE, "embeded")
    with pytest.raises(LocalError, match="embeded"):
        postgresql_programs.find()
