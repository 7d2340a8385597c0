"""Reading the tokens file that `[read_api]` names."""

from __future__ import annotations

import tomllib

from pydantic import ValidationError

from herald.config.loading import Configuration, ConfigurationError
from herald.config.validation_messages import describe
from herald.contracts.read_tokens import TokensFile
from herald.service.secret_files import SecretFileError

_WHERE = "read_api.tokens_file"


def load_read_tokens(configuration: Configuration) -> TokensFile | None:
    """Read the tokens of a start, and check that their tenants exist; None: none are configured.

    Raises:
        ConfigurationError: the file can't be used, or names tenants that are not configured.
    """
    if configuration.file.read_api.tokens_file is None:
        return None
    tokens = read_again(configuration)
    unknown = tokens.unknown_tenants(tuple(configuration.file.tenants))
    if problems := [f"{_WHERE}: {line}" for line in unknown]:
        raise ConfigurationError(configuration.path, problems)
    return tokens


def read_again(configuration: Configuration) -> TokensFile:
    """Read the tokens file as it is now. Its tenants may be newer than the rest.

    Raises:
        ConfigurationError: it can't be used.
    """
    name = configuration.file.read_api.tokens_file
    assert name is not None
    path = configuration.path.parent / name
    try:
        document = tomllib.loads(configuration.read_secret_file(path).decode())
        return TokensFile.model_validate(document)
    except SecretFileError as error:
        problems = [str(error)]
    except ValidationError as error:
        problems = describe(error)
    except ValueError:
        problems = [f"not TOML: {path}"]  # the parser's text may quote the line
    raise ConfigurationError(configuration.path, [f"{_WHERE}: {line}" for line in problems])
