"""Texts of templates in files beside herald.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from herald.config.template_files import add_template_files


def read(folder: Path, **files: str) -> tuple[dict[str, Any], list[str]]:
    """Read files, whose paths have `__` for a slash, into a document with one template."""
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    document: dict[str, Any] = {
        "templates": {"order": {"version": 2, "locales": {"en": {"subject": "Hi"}}}}
    }
    return document, add_template_files(document, folder)


def test_files_are_parts_by_locale_channel_and_version(tmp_path: Path) -> None:
    """The last line break of a file is none of the text."""
    document, problems = read(
        tmp_path,
        **{
            "order__en.txt": "Hello\n",
            "order__en.html": "<p>Hello</p>",
            "order__pt-BR.sms.txt": "Oi",
            "order__1__en.subject": "Dear",
            "order__2__de.txt": "Hallo",
            "order__.en.txt.swp": "an editor's",
        },
    )
    order = document["templates"]["order"]
    assert problems == []
    assert order["locales"]["en"] == {"subject": "Hi", "text": "Hello", "html": "<p>Hello</p>"}
    assert order["locales"]["pt-BR"] == {"overrides": {"sms": {"text": "Oi"}}}
    assert order["locales"]["de"] == {"text": "Hallo"}
    assert order["earlier"]["1"]["locales"]["en"] == {"subject": "Dear"}


def test_files_that_belong_to_nothing_are_named(tmp_path: Path) -> None:
    """A text that is never said is a mistake, and so is one that stands twice."""
    _, problems = read(
        tmp_path,
        **{"order__en.subject": "Hi", "order__en.md": "x", "other__en.txt": "x", "en.txt": "x"},
    )
    form = "not named <name>/[<version>/]<locale>[.<channel>].txt|html|subject"
    assert problems == [
        f"templates/en.txt: {form}",
        f"templates/order/en.md: {form}",
        "templates/order/en.subject: herald.toml has this subject, too",
        "templates/other/en.txt: no [templates.other] in herald.toml",
    ]


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    """By what is wrong with it."""
    read(tmp_path)
    (tmp_path / "order").mkdir()
    (tmp_path / "order" / "en.txt").write_bytes(b"\xff\xfe")
    document: dict[str, Any] = {"templates": {"order": {}}}
    assert add_template_files(document, tmp_path) == ["templates/order/en.txt: not UTF-8"]


def test_no_folder_is_no_problem(tmp_path: Path) -> None:
    """Everything may stand in herald.toml."""
    assert add_template_files({}, tmp_path / "templates") == []
