"""Files with secrets: who else may read them is checked, and no error shows what they hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from herald.service.secret_files import SecretFileError, read_secret_file
from secret_files import write_secrets


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a file with a secret, for its owner alone."""
    return write_secrets(tmp_path / "account.toml", "hunter2")


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o440])
def test_a_file_of_its_owner_is_read(path: Path, mode: int) -> None:
    """Its group may read it, too: so Kubernetes gives files to a pod's group."""
    path.chmod(mode)
    assert read_secret_file(path) == b"hunter2"


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o444, 0o660, 0o602, 0o777])
def test_a_file_that_others_may_use_is_refused(path: Path, mode: int) -> None:
    """The error names the file, its mode and the remedy, and nothing of the secret."""
    path.chmod(mode)
    with pytest.raises(SecretFileError) as caught:
        read_secret_file(path)
    assert str(caught.value) == f"{path}: others may use it (mode {mode:04o}): chmod 600 {path}"


def test_it_is_the_file_that_counts_and_not_a_link_to_it(path: Path) -> None:
    """Kubernetes mounts secrets by way of links, whose own mode says nothing."""
    link = path.parent / "link"
    link.symlink_to(path)
    assert read_secret_file(link) == b"hunter2"
    path.chmod(0o644)
    with pytest.raises(SecretFileError):
        read_secret_file(link)


def test_an_open_file_may_be_allowed(path: Path) -> None:
    """Where file systems know no modes, or only this service sees the file."""
    path.chmod(0o777)
    assert read_secret_file(path, allow_open=True) == b"hunter2"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The error says which file, and why."""
    with pytest.raises(SecretFileError, match=r"No such file or directory: .*nowhere\.toml"):
        read_secret_file(tmp_path / "nowhere.toml")
