"""The sandbox's configuration: all errors at once, without a secret among them."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sandbox.loading import load, load_or_exit, validated

FILE = """
requests_file = "kept/requests.jsonl"
[smtp]
port = 2525
[sendgrid.main]
api_key = "SG.secret"
private_key = "{key}"
webhook_url = "http://127.0.0.1:8001/webhooks/sendgrid/sendgrid-main"
"""


def _key(curve: ec.EllipticCurve) -> str:
    key = ec.generate_private_key(curve)
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return base64.b64encode(der).decode()


def test_reads_a_file(tmp_path: Path) -> None:
    """A whole file is read, its requests file relative to it, and secrets stay hidden."""
    path = tmp_path / "sandbox.toml"
    path.write_text(FILE.format(key=_key(ec.SECP256R1())))
    file = load(path)
    assert file.requests_file == tmp_path / "kept" / "requests.jsonl"
    assert file.pace.webhook_delay_ms == 50
    assert "SG.secret" not in repr(file)


def test_every_error_is_reported(tmp_path: Path) -> None:
    """Every error is reported at once, with its path, and no secret is repeated."""
    path = tmp_path / "sandbox.toml"
    path.write_text(
        '[smtp]\nport = 0\n[pace]\nlate = 1\n[sendgrid.main]\napi_key = "SG.secret"\n'
        'private_key = "bm8="\nwebhook_url = "nowhere"\n'
    )
    with pytest.raises(ValueError, match="smtp") as caught:
        load(path)
    lines = str(caught.value).splitlines()
    places = {line.removeprefix(f"{path}: ").split(":")[0] for line in lines}
    assert places == {
        *("smtp.port", "pace.late", "sendgrid.main.webhook_url"),
        "sendgrid.main.private_key",
    }
    assert "SG.secret" not in str(caught.value)


def test_former_name_of_a_part() -> None:
    """`[whatsapp.<name>]`, the former name of `[whatsapp_cloud.<name>]`, is still read."""
    number = {
        "phone_number_id": "1",
        "waba_id": "2",
        "display_phone_number": "3",
        "access_token": "a",
        "app_secret": "b",
        "webhook_url": "http://127.0.0.1/",
    }
    former = validated({"whatsapp": {"main": number}})
    assert former == validated({"whatsapp_cloud": {"main": number}})
    assert former != validated({})


@pytest.mark.parametrize("key", ["not base64!", "bm8=", _key(ec.SECP384R1())])
def test_key_that_cannot_sign(tmp_path: Path, key: str) -> None:
    """A private key that is not base64, no key, or on another curve is a configuration error."""
    path = tmp_path / "sandbox.toml"
    path.write_text(FILE.format(key=key))
    with pytest.raises(ValueError, match=r"sendgrid\.main\.private_key") as caught:
        load(path)
    assert key not in str(caught.value)


@pytest.mark.parametrize("text", [None, "[smtp"])
def test_file_that_cannot_be_read(tmp_path: Path, text: str | None) -> None:
    """A missing file and one that is not TOML are named."""
    path = tmp_path / "sandbox.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueError, match=r"sandbox\.toml"):
        load(path)


def test_exits_with_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A configuration error ends the process with status 2 and a message on stderr."""
    monkeypatch.setenv("HERALD_SANDBOX_CONFIG", str(tmp_path / "none.toml"))
    with pytest.raises(SystemExit) as caught:
        load_or_exit()
    assert caught.value.code == 2
    assert "none.toml" in capsys.readouterr().err
