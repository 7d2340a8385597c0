"""Files of secrets as an operator makes them: for their owner's eyes only."""

from __future__ import annotations

from pathlib import Path

MASKING_SECRET = bytes(range(32))


def write_secrets(path: Path, text: str) -> Path:
    """Write a file that nobody else may read."""
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def write_masking_key(folder: Path, secret: bytes = MASKING_SECRET) -> Path:
    """Write a masking key where a `herald.toml` in `folder` has it by default."""
    (folder / "secrets").mkdir(mode=0o700, exist_ok=True)
    return write_secrets(folder / "secrets" / "masking.key", secret.hex() + "\n")
