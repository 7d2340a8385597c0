"""What a provider's calls connect to. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Server:
    """A host and port; `tls`: it speaks TLS from the first byte."""

    host: str
    port: int
    tls: bool

    @property
    def name(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
