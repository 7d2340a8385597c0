"""Messages by a profile's call."""

from __future__ import annotations

from functools import partial

from herald.contracts.failures import Failure
from herald.contracts.work import Work
from herald.providers.account import Secrets
from herald.providers.http.account import HttpAccount
from herald.providers.http.requests import write_request
from herald.providers.http.responses import read_response
from herald.providers.http_provider import HttpProvider, HttpRequest
from herald.providers.rendered import Rendered
from herald.providers.sending import Provider, ProviderContext

Context = ProviderContext[HttpAccount, Secrets]


def make_provider(context: Context) -> Provider:
    """Make the provider of one account."""
    write, read = partial(_write, context), partial(read_response, context.account.rules)
    return HttpProvider(context.http, write, read)


def _write(context: Context, work: Work, content: Rendered) -> HttpRequest | Failure:
    return write_request(
        context.account,
        context.name,
        context.credentials.current,
        context.callback_url,
        work,
        content,
    )
