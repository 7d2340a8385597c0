"""Draw the dashboards from the answers that tests/deploy/test_dashboards.py kept.

python -m dashboard_pictures .run/dashboards docs/dashboards
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from dashboard_pictures import answers
from dashboard_pictures.picture import draw

DASHBOARDS = Path(__file__).parent.parent / "dashboards"


def main() -> None:
    """Read the arguments and draw every dashboard."""
    parser = argparse.ArgumentParser(prog="python -m dashboard_pictures")
    parser.add_argument("answers", type=Path, help="folder with a file of answers a dashboard")
    parser.add_argument("pictures", type=Path, help="folder to write to")
    arguments = parser.parse_args()
    arguments.pictures.mkdir(parents=True, exist_ok=True)
    for path in sorted(DASHBOARDS.glob("*.json")):
        dashboard = json.loads(path.read_text())
        found = answers.read(arguments.answers / path.name)
        name = path.stem.removeprefix("herald-")
        draw(dashboard, found, arguments.pictures / f"{name}.png")


if __name__ == "__main__":
    main()
