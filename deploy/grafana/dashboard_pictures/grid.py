"""Grafana's grid, in inches of a picture."""

from __future__ import annotations

COLUMNS = 24
COLUMN_INCHES, ROW_INCHES = 0.58, 0.31
