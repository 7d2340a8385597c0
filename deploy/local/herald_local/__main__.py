"""`python -m herald_local`."""

from __future__ import annotations

from herald_local.cli import app

app(prog_name="herald_local")
