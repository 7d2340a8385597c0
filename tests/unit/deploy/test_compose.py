"""The compose file and the code mean the same services, ports, variables, users and secrets."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from herald.channel.egress.building import members_of
from herald.config.broker_permissions import broker_users
from herald.config.loading import load_configuration
from herald.config.session_keys import session_keys
from herald.service.server_variables import read_server_url
from herald.service.serving import GRACEFUL_SHUTDOWN_SECONDS
from herald.service.settings import read_settings
from herald_local.compose_files import ROLES, write_compose_files
from ingress.endpoints import endpoints_from
from sandbox.loading import load
from unit.deploy.compose_file import COMPOSE, HERALD, JOBS, PACKAGED, ROOT, SERVICES, lay_out

BROKER_ONLY = {"ingress"}
LISTENERS = 2
_READ = re.compile(r"HERALD_[A-Z_]+")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write what `make compose-files` writes."""
    home = tmp_path_factory.mktemp("compose")
    write_compose_files(home)
    return home


def _user(url: str) -> str | None:
    return urlsplit(url).username


def test_every_service_is_in_it() -> None:
    """Each under the name of its folder, in the image of that name."""
    folders = {path.parent.name for path in ROOT.glob("services/*/pyproject.toml")}
    assert set(PACKAGED) == folders
    for name in PACKAGED:
        assert SERVICES[name]["image"] == f"herald-{name}:${{HERALD_VERSION}}"
        assert SERVICES[name]["build"]["args"] == {"SERVICE": name}


@pytest.mark.parametrize("name", [name for name in HERALD if name != "sandbox"])
def test_a_service_takes_its_settings(name: str, files: Path, tmp_path: Path) -> None:
    """They name no server that it does not use, and the ports of the image."""
    settings = read_settings(
        operations_port=1,
        public_port=2 if name == "ingress" else None,
        database=name not in BROKER_ONLY,
        environment=lay_out(name, files, tmp_path),
    )
    assert settings.operations == ("0.0.0.0", 8081)  # noqa: S104  of its container
    assert settings.public in {None, ("0.0.0.0", 8080)}  # noqa: S104
    assert ("HERALD_POSTGRES_DSN" in SERVICES[name]["environment"]) == (name not in BROKER_ONLY)


@pytest.mark.parametrize("name", [name for name in HERALD if name != "sandbox"])
def test_a_service_has_the_secrets_it_reads(name: str, files: Path, tmp_path: Path) -> None:
    """The masking key, and those of its channel's accounts; ingress, of all that call it.

    A channel whose accounts have sessions has their keys, too, and the secrets of its proxies.
    """
    environment = lay_out(name, files, tmp_path)
    loaded = load_configuration(Path(environment["HERALD_CONFIG"]))
    loaded.masking_key()
    held = {path.name for path in tmp_path.glob("etc/herald/secrets/*.toml")}
    if name == "router":
        assert held == {"tokens.toml"}
        return
    accounts = loaded.file.accounts
    if name == "ingress":
        wanted = [account for _, account in endpoints_from(loaded).accounts]
    else:
        wanted = [it for it in accounts if f"channel-{accounts[it].channel}" == name]
    assert loaded.secrets_for(wanted).keys() == set(wanted)
    files_of = {Path(accounts[account].secrets_file or "").name for account in wanted}
    if name != "ingress" and any(accounts[it].session is not None for it in wanted):
        assert session_keys(loaded).current.ids == ("first",)
        files_of.add("session-keys.toml")
    if name != "ingress":
        members = members_of(loaded.file.egress, {each: accounts[each] for each in wanted})
        assert loaded.proxy_credentials_for(members).keys() == set(members)
        files_of |= {Path(loaded.file.egress.members[it].secrets_file or "").name for it in members}
    assert held == files_of


def test_the_sandbox_has_the_other_side_of_the_accounts(files: Path, tmp_path: Path) -> None:
    """Its file names the address that its webhooks go to."""
    path = Path(lay_out("sandbox", files, tmp_path)["HERALD_SANDBOX_CONFIG"])
    assert load(path).requests_file == Path("/tmp/requests.jsonl")  # noqa: S108
    assert "http://ingress:8080/webhooks/" in path.read_text()


@pytest.mark.parametrize("name", [*HERALD, *JOBS])
def test_a_password_is_that_of_the_url_s_user(name: str, files: Path, tmp_path: Path) -> None:
    """Each broker user and role has its own, and every URL is completed from a file."""
    environment = lay_out(name, files, tmp_path)
    for variable in SERVICES[name]["environment"].keys() & {
        "HERALD_AMQP_URL",
        "HERALD_POSTGRES_DSN",
        "HERALD_RABBITMQ_MANAGEMENT_URL",
    }:
        url = read_server_url(variable, environment)
        user = _user(url) or ""
        kind = "database" if "POSTGRES" in variable else "broker"
        admin = user in {"herald-admin", "postgres"}
        held = files / "admin" / kind if admin else files / kind / user
        assert urlsplit(url).password == held.read_text()


def test_every_service_connects_as_its_own_user(files: Path) -> None:
    """The users are those that `herald topology permissions` makes, the roles those of migrate."""
    file = load_configuration(files / "herald.toml").file
    made = {user.name for user in broker_users(file)}
    assert {path.name for path in (files / "broker").iterdir()} == made
    assert {path.name for path in (files / "database").iterdir()} == set(ROLES)
    urls = [SERVICES[name]["environment"].get("HERALD_AMQP_URL") for name in HERALD]
    used = [_user(url) for url in urls if url]
    assert len(set(used)) == len(used)
    assert {*used, "herald-topology", "herald-operator"} == made


def test_every_variable_is_one_that_the_code_reads() -> None:
    """A misspelt one would be ignored."""
    sources = [path for folder in ("shared", "services") for path in (ROOT / folder).rglob("*.py")]
    read = {name for path in sources for name in _READ.findall(path.read_text())}
    read |= {f"{name}{part}" for name in read for part in ("_HOST", "_PORT")}
    written = {name for service in (*HERALD, *JOBS) for name in SERVICES[service]["environment"]}
    assert written <= read


def test_prometheus_looks_at_every_service() -> None:
    """The alert about a channel without workers goes by the jobs, and would never end."""
    looked_at = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    targets = {
        job["job_name"]: job["static_configs"][0]["targets"] for job in looked_at["scrape_configs"]
    }
    services = {name: targets.get(f"herald-{name}") for name in HERALD if name != "sandbox"}
    assert services == {name: [f"{name}:8081"] for name in services}


def test_nothing_is_shown_to_the_network_and_no_password_is_written_down() -> None:
    """Ports are published on loopback; passwords come from files."""
    for name, service in SERVICES.items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        for variable in service.get("environment", {}):
            assert "PASSWORD" not in variable or variable.endswith("_FILE"), variable
    assert "guest" not in str(COMPOSE)


@pytest.mark.parametrize("name", [*HERALD, *JOBS])
def test_a_container_of_herald_has_no_rights(name: str) -> None:
    """Neither root, nor capabilities, nor a file system that can be written to."""
    service = SERVICES[name]
    assert service["user"].startswith("${HERALD_USER")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", HERALD)
def test_a_service_may_finish_what_it_holds(name: str) -> None:
    """Each of its listeners may take its time, one after the other."""
    grace = int(SERVICES[name]["stop_grace_period"].removesuffix("s"))
    assert grace > LISTENERS * GRACEFUL_SHUTDOWN_SECONDS


def test_only_who_uses_a_server_can_reach_it() -> None:
    """Ingress and the sandbox have no way to the database, nor the sandbox to the broker."""
    on = {name: set(service["networks"]) for name, service in SERVICES.items()}
    for name in HERALD:
        environment = SERVICES[name]["environment"]
        assert ("database" in on[name]) == ("HERALD_POSTGRES_DSN" in environment)
        assert ("bus" in on[name]) == ("HERALD_AMQP_URL" in environment)


def test_the_files_are_the_same_again_and_their_owner_s(files: Path) -> None:
    """Written a second time, every password stays; what Herald reads is closed to others."""
    before = {path: path.read_bytes() for path in files.rglob("*") if path.is_file()}
    write_compose_files(files)
    assert {path: path.read_bytes() for path in before} == before
    modes = {path: path.stat().st_mode & 0o777 for path in before}
    assert files.stat().st_mode & 0o777 == 0o700
    for path, mode in modes.items():
        assert mode == (0o444 if path.parent.name == "servers" else 0o600), path
