"""The login of Postmark's webhooks: what passes, and everything that must not."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from herald.providers.credentials import Credentials
from herald.providers.postmark.account import PostmarkAccount, PostmarkSecrets
from herald.providers.postmark.signature import encoded_login, is_postmark_login
from herald.providers.postmark.webhooks import PostmarkEndpoint, make_endpoint
from unit.providers.golden import request

# RFC 7617, section 2
ALADDIN = b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
# RFC 7617, section 2.1: user `test`, password `123` and a pound sign, as UTF-8
POUND = b"Basic dGVzdDoxMjPCow=="
LOGINS = (encoded_login("next:1"), encoded_login("Aladdin:open sesame"))


def test_known_answers() -> None:
    """The examples of the standard pass; so does either login of a rotation."""
    assert is_postmark_login(ALADDIN, LOGINS)
    assert is_postmark_login(b"basic " + encoded_login("next:1"), LOGINS)
    assert is_postmark_login(POUND, [encoded_login("test:123£")])


@pytest.mark.parametrize(
    "header",
    [
        *(None, b"", b"Basic", b"Basic ", b"Basic !", b"\xff\xfe", ALADDIN[6:], ALADDIN[:-1]),
        *(b"Bearer " + ALADDIN[6:], b"Basic " + base64.b64encode(b"Aladdin:other")),
        *(b"Basic " + base64.b64encode(b"Aladdin"), b"Basic Aladdin:open sesame"),
    ],
)
def test_refuses_what_differs(header: bytes | None) -> None:
    """Another password, another scheme, half a header and nonsense are not authentic."""
    assert not is_postmark_login(header, LOGINS)
    assert not is_postmark_login(header, [])


@given(header=st.binary() | st.none())
def test_it_never_raises(header: bytes | None) -> None:
    """Whatever is sent, it answers no instead of raising."""
    assert is_postmark_login(header, LOGINS) is False


def endpoint(*logins: str) -> PostmarkEndpoint:
    secrets = PostmarkSecrets.model_validate({"server_token": "t", "webhook_logins": logins})
    account = PostmarkAccount(provider="postmark", foreign="ignore")
    return make_endpoint("main", {"main": account}, {"main": Credentials(secrets, lambda: secrets)})


def test_an_account_without_a_login_takes_nothing() -> None:
    """A webhook that anybody could send is refused."""
    found = endpoint()
    assert not found.verify(request(b"{}"))
    assert found.account == ""


def test_an_account_takes_each_of_its_logins() -> None:
    """The old and the new one count while they are changed."""
    found = endpoint("a:1", "b:2")
    assert found.logins == (encoded_login("a:1"), encoded_login("b:2"))
    assert found.ignores_foreign


@pytest.mark.parametrize("login", ["", "herald", ":", "herald:", ":secret"])
def test_half_a_login_is_an_error(login: str) -> None:
    """It is named by its field, and not shown."""
    with pytest.raises(ValidationError, match="user:password") as caught:
        PostmarkSecrets.model_validate({"server_token": "t", "webhook_logins": [login]})
    [error] = caught.value.errors()
    assert error["loc"][0] == "webhook_logins"


def test_statuses_of_others_mails_can_be_dropped() -> None:
    """A server that others use, too, need not fill the dead letters."""
    body = b'{"RecordType": "Delivery", "MessageID": "1", "Metadata": {"other": "x"}}'
    found = endpoint("a:1").normalise(request(body))
    assert (found.receipts, found.ignored) == ([], 1)
