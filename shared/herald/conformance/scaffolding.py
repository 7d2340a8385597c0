"""Writes the beginning of a provider: a folder that runs, and that the checks say how to go on."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

SAMPLES = {"sms": "sms", "whatsapp": "whatsapp", "email": "email"}
MODULES = (
    *("account", "conformance", "errors", "example", "rates", "send", "signature", "webhooks"),
)


@dataclass(frozen=True, slots=True)
class NewProvider:
    """A provider that is to be written."""

    name: str  # of small letters, digits and _
    channel: str

    @property
    def package(self) -> str:
        """The package that is its folder."""
        return f"herald_{self.name}"

    @property
    def title(self) -> str:
        """Its name in the names of classes."""
        return "".join(part.capitalize() for part in self.name.split("_"))

    def files(self) -> dict[Path, str]:
        """Return every file of its distribution."""
        package = Path(self.package)
        return {
            Path("README.md"): self._written("README.md"),
            Path("pyproject.toml"): self._written("pyproject.toml"),
            package / "__init__.py": "",
            **{package / f"{part}.py": self._written(f"{part}.py") for part in MODULES},
            Path("tests") / "test_conformance.py": self._written("test_conformance.py"),
        }

    def write(self, folder: Path) -> list[Path]:
        """Write them into a folder.

        Raises:
            FileExistsError: one is there already; nothing was written then.
        """
        wanted = {folder / path: text for path, text in self.files().items()}
        taken = [path for path in wanted if path.exists()]
        if taken:
            raise FileExistsError(str(taken[0]))
        for path, text in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return list(wanted)

    def _written(self, file: str) -> str:
        text = (files("herald.conformance") / "scaffold" / f"{file}.txt").read_text()
        sample = SAMPLES.get(self.channel, "as_it_is")
        words = {
            "name": self.name,
            "Name": self.title,
            "dashed": self.name.replace("_", "-"),
            "package": self.package,
            "channel": self.channel,
            "sample": sample,
            "message": f"{sample}()" if sample in SAMPLES else f'as_it_is("{self.channel}")',
        }
        for word, value in words.items():
            text = text.replace(f"@{word}@", value)
        return text
