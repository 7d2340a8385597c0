"""A database that is dumped, lost and restored under a running Herald, as docs/backup.md says."""

from __future__ import annotations

import hmac
import json
import os
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg

from herald.database.rights import Roles
from herald_local import databases, postgresql_programs, services
from herald_local.programs import run
from herald_local.stack import Stack
from herald_local.waiting import wait_until

WORKER = "channel-whatsapp"
STOPPED = tuple(name for name in services.NAMES if name != "sandbox")  # the providers go on
RUNNING = ("router", "ingress", WORKER)  # what the rehearsal needs of these


class Rehearsal:
    """A Herald, its database's dump, and what its stand-in providers took."""

    def __init__(self, stack: Stack, admin_dsn: str, folder: Path) -> None:
        self.stack = stack
        self._admin_dsn = admin_dsn
        self._dump = folder / "herald.dump"

    def backup(self) -> None:
        """Dump the database while everything runs."""
        arguments = ("--format", "custom", "--file", str(self._dump))
        self._postgresql("pg_dump", *arguments)

    def lose_database(self) -> None:
        """Stop every service and drop the database and its roles: what is left is a new server."""
        services.stop(self.stack, STOPPED)
        databases.drop_database(self._admin_dsn, self._name)
        databases.drop_roles(self._admin_dsn, self._roles.all)

    def restore(self) -> None:
        """Restore the dump into a database of the same name, with roles that can log in."""
        for role in self._roles.all:
            self._postgresql("createuser", "--no-login", role)
        self._postgresql("createdb", "--owner", self._roles.owner, self._name)
        arguments = ("--exit-on-error", "--dbname", self._name, str(self._dump))
        self._postgresql("pg_restore", *arguments)
        _, passwords = self.stack.access.write_passwords(self._dump.parent)
        given = ("--passwords", str(passwords), "--role-prefix", self._roles.prefix)
        done = self.herald("migrate", "--roles", *given, dsn=self.stack.servers.postgres_dsn)
        assert done.returncode == 0, done.stderr

    def herald(self, *arguments: str, dsn: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command of the operator's, as the database's owner unless `dsn` says otherwise."""
        owner = {"HERALD_POSTGRES_DSN": dsn or self.stack.access.postgres_dsn("owner")}
        return subprocess.run(
            [sys.executable, "-m", "herald.cli", *arguments],
            env={**os.environ, **self.stack.environment, **owner},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def requests(self) -> Counter[str]:
        """Count the calls that providers took, by message."""
        lines = self.stack.requests_file.read_text().splitlines()
        return Counter(str(json.loads(line)["attempt"]).partition(".")[0] for line in lines)

    def state(self, message_id: str) -> dict[str, Any]:
        """Read a message's status and outcome, and its attempts' statuses; empty: it is gone."""
        with psycopg.connect(self.stack.servers.postgres_dsn) as connection:
            row = connection.execute(
                "SELECT status::text, outcome::text, state FROM router.messages WHERE id = %s",
                [message_id],
            ).fetchone()
        if row is None:
            return {}
        attempts = [attempt["status"] for attempt in row[2].get("attempts", [])]
        return {"status": row[0], "outcome": row[1], "attempts": attempts}

    def dead_letters(self, message_id: str) -> list[str]:
        """Return the reasons of the receipts of a message that nobody could apply."""
        with psycopg.connect(self.stack.servers.postgres_dsn) as connection:
            rows = connection.execute(
                "SELECT reason FROM router.dead_letters WHERE convert_from(body, 'UTF8') LIKE %s",
                [f"%{message_id}.%"],
            )
            return [row[0] for row in rows]

    def report_delivery(self, message_id: str) -> None:
        """Send the webhook with which WhatsApp reports the delivery of a message it took."""
        lines = map(json.loads, self.stack.requests_file.read_text().splitlines())
        taken = next(line for line in lines if str(line["attempt"]).startswith(message_id))
        settings = tomllib.loads(self.stack.sandbox_config.read_text())["whatsapp_cloud"]["main"]
        status = {
            "id": taken["reference"],
            "status": "delivered",
            "timestamp": str(int(time.time())),
            "recipient_id": taken["to"],
            "biz_opaque_callback_data": taken["attempt"],
        }
        metadata = {name: settings[name] for name in ("display_phone_number", "phone_number_id")}
        value = {"messaging_product": "whatsapp", "metadata": metadata, "statuses": [status]}
        entry = {"id": settings["waba_id"], "changes": [{"field": "messages", "value": value}]}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
        signature = hmac.digest(settings["app_secret"].encode(), body, "sha256").hex()
        request = urllib.request.Request(  # noqa: S310  our own ingress
            f"{self.stack.ingress_url}/webhooks/whatsapp_cloud/wa-main",
            body,
            {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"},
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            assert answer.status == 200

    def wait(self, holds: Any, what: str) -> None:
        """Wait until something holds."""
        wait_until(holds, timeout_seconds=30, complaint=lambda: f"in vain: {what}")

    @property
    def _roles(self) -> Roles:
        return self.stack.access.names.roles

    @property
    def _name(self) -> str:
        return unquote(urlsplit(self.stack.servers.postgres_dsn).path.lstrip("/"))

    def _postgresql(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs; the password is not among its arguments."""
        parts = urlsplit(self.stack.servers.postgres_dsn)
        run(
            [str(postgresql_programs.find() / program), *arguments],
            environment={
                **os.environ,
                "PGHOST": parts.hostname or "",
                "PGPORT": str(parts.port),
                "PGUSER": unquote(parts.username or ""),
                "PGPASSWORD": unquote(parts.password or ""),
                "PGDATABASE": self._name,
            },
        )
