"""Amazon SES's events, which come through Amazon SNS. SNS: "Using Amazon SNS for HTTP/S"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from herald.contracts.attempt_reports import WrittenReceipt
from herald.providers.credentials import Credentials
from herald.providers.json_bodies import BeyondLimitsError, NotJsonError, read_json
from herald.providers.lenient_json import NotForHeraldError, NotUnderstoodError, Reason, mapping
from herald.providers.ses.certificates import Certificates, Fetch, FetchError
from herald.providers.ses.fetching import fetch
from herald.providers.ses.inbound import RECEIVED, inbound_receipt
from herald.providers.ses.sns import NOTIFICATION, SUBSCRIPTION, Envelope, SnsPlace, read_envelope
from herald.providers.ses.statuses import Said, recipients_of, status_receipt, word_of
from herald.providers.ses.subscriptions import CONFIRMED, ENDED, WAITS, news
from herald.providers.webhook_endpoints import EndpointRules, Normalised, UnverifiableError
from herald.providers.webhook_requests import WebhookRequest

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from herald.providers.ses.account import SesAccount, SesSecrets

TYPE_HEADER = b"x-amz-sns-message-type"
ID_HEADER = b"x-amz-sns-message-id"
TOPIC_HEADER = b"x-amz-sns-topic-arn"
RULES = EndpointRules(
    max_body_bytes=1024 * 1024,  # SNS: a message has 256 KiB, before it is written into JSON
    methods={"POST": frozenset({TYPE_HEADER, ID_HEADER, TOPIC_HEADER})},
    retries_on_5xx=True,  # SNS, "Message delivery retries": for an hour at most
)
_OK = 200
# notes for people that SES sends through a topic when it is connected
_NOTES = ("Successfully validated SNS topic",)
_NOTICE = "AMAZON_SES_SUBSCRIPTION_NOTIFICATION"


@dataclass(frozen=True, slots=True)
class SesEndpoint:
    """One account's events; only those of its `topics` are taken."""

    account: str
    topics: frozenset[str]
    certificates: Certificates
    get: Fetch = fetch  # confirms a subscription
    place: SnsPlace = field(default_factory=SnsPlace)
    confirms: bool = False
    ignores_foreign: bool = False  # statuses of mails that Herald did not send
    rules: EndpointRules = RULES

    async def verify(self, request: WebhookRequest) -> bool:
        """Say whether SNS signed it for an allowed topic; then a subscription is confirmed.

        A valid signature proves that some topic of anybody's sent it: the topic decides.
        """
        envelope = _claimed(request)
        if envelope is None:
            return False
        from herald.providers.ses.signature import NOBODYS_KEY, is_sns_signature  # noqa: PLC0415  cryptography

        key = await self._key(envelope)
        # as much work where no key may be asked for: nobody finds out which topics are allowed
        is_signed = is_sns_signature(envelope, key or NOBODYS_KEY)
        if key is None or not is_signed:
            return False
        if self.confirms and envelope.kind == SUBSCRIPTION:
            await self._confirm(envelope)
        return True

    def normalise(self, request: WebhookRequest) -> Normalised:
        found = Normalised()
        envelope = read_envelope(read_json(request.body))
        if envelope is None:
            raise NotUnderstoodError(Reason.SHAPE)
        if envelope.kind == NOTIFICATION:
            message = envelope.fields["Message"]
            found.descend(message, lambda: self._events(found, request, envelope, message))
        else:
            found.read(envelope.fields, lambda _: self._news(request, envelope))
        return found

    async def _key(self, envelope: Envelope) -> RSAPublicKey | None:
        """Return the key of an envelope's certificate, if one may be asked for."""
        url = envelope.fields.get("SigningCertURL", "")
        if envelope.fields["TopicArn"] not in self.topics or not self.place.has_certificate(url):
            return None
        return await self.certificates.key_of(url)

    def _link(self, envelope: Envelope) -> str | None:
        return self.place.confirmation(envelope.fields["TopicArn"], envelope.fields["Token"])

    async def _confirm(self, envelope: Envelope) -> None:
        link = self._link(envelope)
        try:
            status = 0 if link is None else (await self.get(link)).status
        except FetchError as error:
            raise UnverifiableError(f"confirmation: {error}") from None
        if status != _OK:
            raise UnverifiableError(f"confirmation: http_{status}")

    def _news(self, request: WebhookRequest, envelope: Envelope) -> WrittenReceipt:
        if envelope.kind != SUBSCRIPTION:
            return news(self.account, request, envelope, ENDED)
        if self.confirms:
            return news(self.account, request, envelope, CONFIRMED)
        return news(self.account, request, envelope, WAITS, self._link(envelope))

    def _events(
        self, found: Normalised, request: WebhookRequest, envelope: Envelope, message: str
    ) -> None:
        if message.startswith(_NOTES):
            raise NotForHeraldError
        try:
            event = mapping(read_json(message.encode()))
        except (NotJsonError, BeyondLimitsError):
            raise NotUnderstoodError(Reason.SHAPE) from None
        word = word_of(event)
        if word is None:
            raise NotUnderstoodError(Reason.SHAPE)
        if word == _NOTICE:
            raise NotForHeraldError
        if word == RECEIVED:
            found.read(event, lambda _: inbound_receipt(self.account, request, event, found))
            return
        number = envelope.fields["MessageId"]
        for recipient in recipients_of(event, word):
            said = Said(event, word, recipient)
            found.read(event, partial(self._status, request, number, said))

    def _status(
        self, request: WebhookRequest, number: str, said: Said, _event: Any
    ) -> WrittenReceipt:
        return status_receipt(
            self.account, request, number, said, ignores_foreign=self.ignores_foreign
        )


def _claimed(request: WebhookRequest) -> Envelope | None:
    """Read an envelope whose head says the same."""
    try:
        envelope = read_envelope(read_json(request.body))
    except (NotJsonError, BeyondLimitsError):
        return None
    if envelope is None:
        return None
    named = {TYPE_HEADER: "Type", ID_HEADER: "MessageId", TOPIC_HEADER: "TopicArn"}
    is_same = all(
        request.headers.get(header, b"") == envelope.fields[name].encode()
        for header, name in named.items()
    )
    return envelope if is_same else None


def make_endpoint(
    name: str,
    accounts: Mapping[str, SesAccount],
    _credentials: Mapping[str, Credentials[SesSecrets]],
) -> SesEndpoint:
    """Make the endpoint of an account."""
    account = accounts[name]
    return SesEndpoint(
        account=name,
        topics=frozenset(account.topics),
        certificates=Certificates(fetch),
        place=SnsPlace(account.sns_url),
        confirms=account.confirm_subscriptions,
        ignores_foreign=account.foreign == "ignore",
    )


def make_decoy() -> SesEndpoint:
    """Make an endpoint for an account that nobody configured: it takes no topic."""
    return SesEndpoint("", frozenset(), Certificates(fetch))
