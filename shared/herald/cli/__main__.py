"""`python -m herald.cli`: the same as `herald`."""

from __future__ import annotations

from herald.cli import main

main()
