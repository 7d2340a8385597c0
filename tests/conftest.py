"""The servers tests run on: those named in HERALD_TEST_*, else private ones of this session."""

from __future__ import annotations

import logging
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
import structlog
from hypothesis import settings

from broker_users import forget_named_users
from herald.contracts.masking import MaskingKey, set_masking_key
from herald_local import databases, rabbitmq_management
from herald_local.errors import MissingServerError
from herald_local.lifecycle import running_stack
from herald_local.servers import GivenServers, Servers, running_servers
from herald_local.stack import Stack
from scheduling import FilesAndSharers
from secret_files import MASKING_SECRET

AMQP, MANAGEMENT = "HERALD_TEST_AMQP_URL", "HERALD_TEST_RABBITMQ_MANAGEMENT_URL"
POSTGRES = "HERALD_TEST_POSTGRES_DSN"
BROKER_VARIABLES = f"{AMQP} and {MANAGEMENT}"
ROOT = Path(__file__).resolve().parent.parent

# How long an example takes says more of the machine than of the code.
settings.register_profile("full", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=20, database=None)
settings.load_profile("full")

set_masking_key(MaskingKey(MASKING_SECRET))  # as every service does at its start


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Undo what a command line run in this process does to its logs."""
    yield
    if logging.root.manager.disable:
        logging.disable(logging.NOTSET)
        structlog.reset_defaults()


def _given() -> GivenServers:
    given = GivenServers(
        amqp_url=os.environ.get(AMQP),
        management_url=os.environ.get(MANAGEMENT),
        postgres_dsn=os.environ.get(POSTGRES),
    )
    if (given.amqp_url is None) != (given.management_url is None):
        raise pytest.UsageError(f"{BROKER_VARIABLES} go together")
    return given


def _home() -> Path:
    return ROOT / ".run" / f"test-{os.getpid()}"


@contextmanager
def _running(home: Path) -> Iterator[Servers]:
    """Run what servers nobody gave; on a machine that lacks one all tests end with one line."""
    try:
        with running_servers(home, _given()) as running:
            yield running
    except MissingServerError as error:
        instead = POSTGRES if error.kind == "database" else BROKER_VARIABLES
        pytest.exit(f"{error.missing}, or name a {error.kind} in {instead}", returncode=1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say how several processes that run tests come to use the same servers."""
    parser.addoption(
        "--start-servers",
        action="store_true",
        help="start the broker and the database before the tests, for all --numprocesses",
    )
    parser.addoption(
        "--part",
        metavar="K/N",
        default="1/1",
        help="collect only the Kth of N parts of the test files",
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out a file of another part; which part a file is of depends on its name alone."""
    own, parts = map(int, config.option.part.split("/"))
    if parts == 1 or not collection_path.name.startswith("test_"):
        return None
    return True if crc32(collection_path.name.encode()) % parts != own - 1 else None


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers that this run's other processes find in their environment."""
    given = os.environ.get(MANAGEMENT)
    if given and not hasattr(config, "workerinput"):
        config.add_cleanup(partial(forget_named_users, given.rstrip("/")))
    if not config.option.start_servers or hasattr(config, "workerinput"):
        return
    running = ExitStack()
    servers = running.enter_context(_running(_home()))
    config.add_cleanup(running.close)
    os.environ |= {AMQP: servers.amqp_url, POSTGRES: servers.postgres_dsn}
    os.environ[MANAGEMENT] = servers.management_url or ""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FilesAndSharers | None:
    """Spread whole files over the processes where `--dist loadfile` asks for it."""
    return FilesAndSharers(config, log) if config.option.dist == "loadfile" else None


@pytest.fixture(scope="session")
def home() -> Path:
    """Give this session's folder, which is erased with its private servers."""
    return _home()


@pytest.fixture(scope="session")
def servers(home: Path) -> Iterator[Servers]:
    """Give a broker and a database, with an administrator's rights on both."""
    with _running(home) as running:
        yield running


@pytest.fixture(scope="session")
def management_url(servers: Servers) -> str:
    """Give the URL of the management interface, with credentials, without a closing slash."""
    return servers.management_url.rstrip("/")


def given_by(servers: Servers) -> GivenServers:
    """Give a stack the session's servers, in which it makes what it needs."""
    return GivenServers(
        amqp_url=servers.amqp_url,
        management_url=servers.management_url.rstrip("/"),
        postgres_dsn=servers.postgres_dsn,
    )


@contextmanager
def _vhost(management_url: str) -> Iterator[str]:
    name = f"test-{uuid.uuid4().hex[:12]}"
    rabbitmq_management.create_vhost(management_url, name)
    try:
        yield name
    finally:
        rabbitmq_management.delete_vhost(management_url, name)


@contextmanager
def _database(admin_dsn: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    try:
        yield databases.create_database(admin_dsn, name)
    finally:
        databases.drop_database(admin_dsn, name)


@pytest.fixture(scope="module")
def vhost(management_url: str) -> Iterator[str]:
    """Give the name of a virtual host that is this module's own."""
    with _vhost(management_url) as name:
        yield name


@pytest.fixture(scope="module")
def amqp_url(servers: Servers, vhost: str) -> str:
    """Give the URL of this module's virtual host."""
    return rabbitmq_management.with_vhost(servers.amqp_url, vhost)


@pytest.fixture(scope="module")
def postgres_dsn(servers: Servers) -> Iterator[str]:
    """Give the DSN of an empty database that is this module's own."""
    with _database(servers.postgres_dsn) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest, home: Path, servers: Servers) -> Iterator[Stack]:
    """Give a whole Herald with the sandbox, in a virtual host and a database of its own.

    Its services, and `stack.amqp_url` and `stack.postgres_dsn`, have their own users and roles;
    `stack.servers` is the administrator.
    """
    try:
        with running_stack(home / "stack", given_by(servers)) as running:
            yield running
    finally:
        if request.session.testsfailed:  # what the services said outlives the session
            kept = ROOT / ".run" / "failed-test-logs"
            shutil.copytree(home / "stack" / "logs", kept, dirs_exist_ok=True)
