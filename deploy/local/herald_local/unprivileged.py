"""Who PostgreSQL's programs run as: they refuse root."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from herald_local.errors import LocalError
from herald_local.programs import succeeds

_NAMESPACE = ("unshare", "--user", "--map-user=1000", "--")
ACCOUNTS = ("postgres", "nobody")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A prefix for commands, and the account that owns their files (None: ours does)."""

    prefix: tuple[str, ...] = ()
    account: pwd.struct_passwd | None = None

    def command(self, arguments: Sequence[str]) -> list[str]:
        """Return the command that runs `arguments` under this identity."""
        return [*self.prefix, *arguments]

    def reaches(self, path: Path) -> bool:
        """Say whether every folder above `path` lets this identity through."""
        if self.account is None:
            return True
        return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)

    def own(self, path: Path) -> None:
        """Give a file or folder to this identity."""
        if self.account is not None:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)


def unprivileged_identity() -> Identity:
    """Return an identity that is not root.

    Root takes a user namespace where the machine allows one (root's files stay in reach), else
    an account without rights.

    Raises:
        LocalError: this is root, and there is neither.
    """
    if os.geteuid() != 0:
        return Identity()
    if succeeds([*_NAMESPACE, "true"]):
        return Identity(prefix=_NAMESPACE)
    return account_identity()


def account_identity() -> Identity:
    """Return the identity of an account without rights.

    Raises:
        LocalError: there is none, or no `setpriv` to change to it.
    """
    for name in ACCOUNTS:
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        change = ("--reuid", str(account.pw_uid), "--regid", str(account.pw_gid))
        if shutil.which("setpriv") and account.pw_uid != 0:
            return Identity(prefix=("setpriv", *change, "--clear-groups", "--"), account=account)
    raise LocalError(
        "PostgreSQL does not run as root, and no other account could be used: "
        "run this as an ordinary user, or name a database in HERALD_POSTGRES_DSN"
    )
