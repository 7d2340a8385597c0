"""What a stack keeps between runs: its ports and the seed of its secrets."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from herald_local import ports, processes


class SavedState(BaseModel):
    """Kept in `state.json`; every secret is derived, so a lost file of a stack can be rewritten."""

    model_config = ConfigDict(frozen=True)

    seed: str = Field(repr=False)
    ports: dict[str, int] = {}

    def secret(self, purpose: str, length: int = 32) -> str:
        """Return the secret of a purpose: hexadecimal digits, the same on every run."""
        digits = hmac.new(bytes.fromhex(self.seed), purpose.encode(), hashlib.sha256).hexdigest()
        return digits[:length]


def load_state(home: Path) -> SavedState:
    """Return the state of the stack in `home`; a new stack starts with a seed."""
    file = home / "state.json"
    if file.exists():
        return SavedState.model_validate_json(file.read_text())
    return SavedState(seed=secrets.token_hex(32))


def with_ports(home: Path, state: SavedState, names: Iterable[str]) -> SavedState:
    """Return and save the state with a port for each of `names`.

    A name begins with that of the process that listens (`rabbitmq`, `rabbitmq.management`). A
    saved port stays unless something else took it while that process was down.
    """
    chosen = dict(state.ports)
    for name in names:
        port = chosen.get(name)
        listening = processes.running_pid(home, name.partition(".")[0]) is not None
        if port is None or not (listening or ports.is_free(port)):
            chosen[name] = ports.free_port(set(chosen.values()))
    state = state.model_copy(update={"ports": chosen})
    home.mkdir(parents=True, exist_ok=True)
    file = home / "state.json"
    file.touch(mode=0o600)
    file.write_text(state.model_dump_json(indent=2) + "\n")
    return state
