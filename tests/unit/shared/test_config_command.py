"""What `herald config check` finds beside what keeps services from starting."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner, Result

from herald.cli.application import application
from herald.config.masking import write_masking_key

CONFIGURATION = """
[tenants.default]
[tenants.shop]
route = "shop"
[accounts.relay]
provider = "smtp"
host = "smtp.example.com"
[routes.default]
steps = [{channel = "email"}]
[routes.shop]
tenants = ["shop"]
steps = [{channel = "email"}]
"""


def _check(folder: Path, text: str) -> Result:
    path = folder / "herald.toml"
    path.write_text(text)
    if not (folder / "secrets").exists():
        write_masking_key(folder / "secrets" / "masking.key")
    environment = {"HERALD_CONFIG": str(path)}
    return CliRunner().invoke(application, ["config", "check"], env=environment)


def test_a_tenant_that_can_send_nothing_is_named(tmp_path: Path) -> None:
    """Every command of its would be refused, one by one, and by the router."""
    result = _check(tmp_path, CONFIGURATION)
    assert result.exit_code == 2
    assert "tenants.shop: can send nothing: no account of its serves a step of" in result.output
    assert "tenants.default" not in result.output


def test_a_tenant_with_an_account_passes(tmp_path: Path) -> None:
    """One account on one step of its route is enough."""
    served = 'host = "smtp.example.com"\ntenants = ["default", "shop"]'
    result = _check(tmp_path, CONFIGURATION.replace('host = "smtp.example.com"', served))
    assert result.exit_code == 0
