"""Asks the service of this container how it is; exits with 0 if it is well, else says why not.

    python -I /opt/herald/health.py           does it live
    python -I /opt/herald/health.py readyz    is it ready: broker, database and all else are there

It needs nothing but Python, so that a container engine may ask often.
"""

from __future__ import annotations

import http.client
import json
import os
import sys

SECONDS = 4
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  named, not listened on


def main() -> int:
    """Ask the operations listener; the sandbox has none, so then its only one."""
    route = sys.argv[1] if len(sys.argv) > 1 else "healthz"
    said = "no answer"
    for listener in ("HERALD_OPERATIONS", "HERALD_HTTP"):
        host = os.environ.get(f"{listener}_HOST", "127.0.0.1")
        port = os.environ.get(f"{listener}_PORT")
        if port is None:
            continue
        try:
            status, body = ask(EVERYWHERE.get(host, host), int(port), route)
        except ConnectionRefusedError:
            continue
        except (OSError, http.client.HTTPException) as error:
            said = str(error)
            break
        if status == http.client.OK:
            return 0
        said = f"{status} {complaints(body)}"
        break
    print(f"{route}: {said}")  # noqa: T201  the engine keeps it
    return 1


def ask(host: str, port: int, route: str) -> tuple[int, bytes]:
    """Return the status and the body of the answer."""
    connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
    try:
        connection.request("GET", f"/{route}")
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def complaints(body: bytes) -> str:
    """Return the checks of readiness that fail."""
    try:
        checks: dict[str, str] = json.loads(body)["checks"]
    except (ValueError, KeyError, TypeError):
        return ""
    return "; ".join(f"{name}: {said}" for name, said in checks.items() if said != "ok")


if __name__ == "__main__":
    sys.exit(main())
