"""`herald init`: the first configuration of a new deployment."""

from __future__ import annotations

import inspect
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from herald.cli.environment import EXIT_USAGE, fail
from herald.config.masking import write_masking_key
from herald.config.new_deployment import all_questions, herald_toml, questions, secrets_files
from herald.config.session_keys import write_session_keys
from herald.config.validation_messages import describe
from herald.contracts.identifiers import TenantName
from herald.contracts.read_tokens import new_token
from herald.providers.examples import Question
from herald.providers.registry import example_of, offered

MASKING_KEY, SESSION_KEYS = "secrets/masking.key", "secrets/session-keys.toml"
TOKENS, READ_TOKEN = "secrets/tokens.toml", "secrets/read.token"
_SECRET, _OPEN = 0o600, 0o644
_LATER = "Enter to fill it in later"
_PROVIDERS = ", ".join(offered())


def _with_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command a flag for every question; typer reads them from its signature."""
    signature = inspect.signature(command, eval_str=True)
    flags = [
        inspect.Parameter(
            question.parameter,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[str | None, typer.Option(help=question.help)],
        )
        for question in all_questions()
    ]
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    command.__signature__ = signature.replace(parameters=[*own, *flags])  # type: ignore[attr-defined]  # as `inspect` looks for it
    command.__annotations__ = {p.name: p.annotation for p in (*own, *flags)}
    return command


@_with_flags
def init(
    directory: Annotated[Path, typer.Option(help="Where to write.")] = Path(),
    *,
    tenant: Annotated[str | None, typer.Option(help="The first tenant's name.")] = None,
    provider: Annotated[
        list[str] | None, typer.Option(help=f"One of {_PROVIDERS}; may be repeated.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing; what is not given is filled in later.")
    ] = False,
    **given: str | None,
) -> None:
    """Write herald.toml, secrets files to be filled in, keys and a read token.

    Asks what is not given. Writes nothing if one of the files is there.
    """
    name = tenant or ("default" if yes else typer.prompt("The first tenant", default="default"))
    _check_tenant(name)
    providers = _providers(provider or (), ask=not yes)
    answers = _answers(questions(providers), given, ask=not yes)
    files = secrets_files(providers, secrets.token_urlsafe(24))
    token = new_token("operator")
    files |= {TOKENS: token.entry, READ_TOKEN: f"{token.token}\n"}
    _refuse_to_overwrite(directory, ["herald.toml", MASKING_KEY, SESSION_KEYS, *files])
    _write(directory / "herald.toml", herald_toml(name, providers, answers), _OPEN)
    for path, text in files.items():
        _write(directory / path, text, _SECRET)
    write_masking_key(directory / MASKING_KEY)
    write_session_keys(directory / SESSION_KEYS)
    typer.echo(_summary(directory, list(files), providers))


def _check_tenant(name: str) -> None:
    try:
        TypeAdapter(TenantName).validate_python(name)
    except ValidationError as error:
        raise fail(f"--tenant: {describe(error)[0]}", EXIT_USAGE) from None


def _providers(named: Sequence[str], *, ask: bool) -> list[str]:
    """Return the chosen providers, in the order of the table."""
    for name in named:
        if name not in offered():
            raise fail(f"--provider {name}: must be one of {_PROVIDERS}", EXIT_USAGE)
    chosen = [
        name
        for name in offered()
        if name in named or (ask and not named and typer.confirm(f"Send {example_of(name).title}?"))
    ]
    if not chosen:
        raise fail(f"--provider: name at least one of {_PROVIDERS}", EXIT_USAGE)
    return chosen


def _answers(
    asked: Sequence[Question], given: Mapping[str, str | None], *, ask: bool
) -> dict[str, str]:
    """Return what is known of the questions; the others stay placeholders."""
    answers: dict[str, str] = {}
    for question in asked:
        value = given.get(question.parameter) or ""
        try:
            _check(question, value)
        except ValueError as error:
            flag = question.parameter.replace("_", "-")
            raise fail(f"--{flag}: {error}", EXIT_USAGE) from None
        answers[question.parameter] = _asked(question) if ask and not value else value
    return answers


def _asked(question: Question) -> str:
    """Ask until the answer is one that may be, or none."""
    while True:
        answer: str = typer.prompt(
            f"{_capital(question.about)} ({_LATER})", default="", show_default=False
        )
        try:
            _check(question, answer)
        except ValueError as error:
            typer.echo(f"  {error}", err=True)
        else:
            return answer


def _check(question: Question, value: str) -> None:
    """Hold a value to what its setting may be.

    Raises:
        ValueError: it may not be that.
    """
    if value and question.model is not None:
        field = question.model.model_fields[question.name]
        try:
            TypeAdapter(Annotated[field.annotation, field]).validate_python(value)  # type: ignore[arg-type]  # a type of run time
        except ValidationError as error:
            raise ValueError(describe(error)[0]) from None


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _refuse_to_overwrite(directory: Path, names: Sequence[str]) -> None:
    there = [str(directory / name) for name in names if (directory / name).exists()]
    if there:
        raise fail(f"nothing was written, for there is already: {', '.join(there)}", EXIT_USAGE)


def _write(path: Path, text: str, mode: int) -> None:
    try:
        path.parent.mkdir(mode=0o755 if mode == _OPEN else 0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except OSError as error:
        raise fail(f"{path}: {error.strerror}") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _summary(directory: Path, files: Sequence[str], providers: Sequence[str]) -> str:
    configuration = directory / "herald.toml"
    listed = "\n".join(f"  {directory / name}" for name in (*files, MASKING_KEY, SESSION_KEYS))
    more = (example_of(name).environment for name in providers)
    environment = "".join(f"  {line}\n" for line in more if line)
    return f"""\
Written:
  {configuration}
{listed}

Next:
  export HERALD_CONFIG={configuration}
  herald config check     # names what is still to be filled in, and every error
  herald topology apply   # with HERALD_AMQP_URL
  herald migrate          # with HERALD_POSTGRES_DSN
Then start the services. They need
  HERALD_AMQP_URL, HERALD_POSTGRES_DSN and HERALD_CONFIG
{environment}\
To read what became of messages: HERALD_READ_TOKEN_FILE={directory / READ_TOKEN}"""
