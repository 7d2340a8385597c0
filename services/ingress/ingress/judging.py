"""What becomes of a webhook that is here whole: verified, translated, published with confirms.

A 2xx means that all it holds is on the bus, or on disk where its provider would not send it again.
A 4xx is final; our own trouble is a 503, for most try again after that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

import structlog

from herald.bus.errors import PublishError
from herald.providers import webhook_responses as responses
from herald.providers.json_bodies import NotJsonError
from herald.providers.webhook_endpoints import UnverifiableError
from herald.providers.webhook_requests import WebhookRequest
from herald.providers.webhook_responses import WebhookResponse
from herald.service.rate_limited_log import RateLimitedLog
from ingress import metrics
from ingress.attachments import Attachments, AttachmentsUnusableError
from ingress.endpoints import Target
from ingress.metrics import Result
from ingress.publish_or_spool import Placement, PublishOrSpool
from ingress.traces import WebhookTrace, begin_webhook
from ingress.translation import Translation, normalised, translate

LARGE_BYTES = 128 * 1024  # some hundred statuses
LARGE_AT_ONCE = 2  # what is read of a body takes many times its bytes

_log = structlog.get_logger(__name__)

Judgement = tuple[Result, WebhookResponse]
NOT_READABLE: Judgement = Result.NOT_READABLE, responses.NOT_READABLE
Verdict = bool | Awaitable[bool]


class Judge:
    """Judges the webhooks of all accounts."""

    def __init__(
        self,
        publish_or_spool: PublishOrSpool,
        rate_limited: RateLimitedLog,
        attachments: Attachments,
    ) -> None:
        self.publish_or_spool = publish_or_spool
        self._rate_limited = rate_limited
        self._attachments = attachments
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    async def judge(
        self, target: Target, account: str, request: WebhookRequest, verdict: Verdict | None = None
    ) -> Judgement:
        """Judge a webhook; `verdict`: whether it is authentic, where that was asked for before."""
        try:
            if verdict is None:
                verdict = verdict_on(target, request)
            if not (verdict if isinstance(verdict, bool) else await verdict):
                return self.not_authentic(target, account)
            trace = begin_webhook(target.provider, target.account, request.method)
            if trace is None:
                return await self._understand(target, account, request)
            with trace.in_logs():
                judgement = await self._understand(target, account, request, trace)
            trace.answered(judgement[1].status)
            return judgement
        except UnverifiableError as error:
            about = f"{target.provider}/{account}"
            self._rate_limited.warning("ingress.unverifiable", about=about, reason=str(error))
            return Result.UNAVAILABLE, responses.UNAVAILABLE
        except AttachmentsUnusableError as error:
            about = f"{target.provider}/{account}"
            self._rate_limited.warning("ingress.attachments_failed", about=about, reason=str(error))
            return Result.UNAVAILABLE, responses.UNAVAILABLE
        except NotJsonError:
            return NOT_READABLE

    async def _understand(
        self,
        target: Target,
        account: str,
        request: WebhookRequest,
        trace: WebhookTrace | None = None,
    ) -> Judgement:
        if len(request.body) < LARGE_BYTES:
            found = normalised(target, request)
            if found.files:
                await asyncio.to_thread(self._attachments.keep_those_of, found)
            translation = translate(found, target, account, request)
            return await self.publish(target, account, translation, trace)
        async with self._large:
            # a thread gives the others their turn while it reads
            translation = await asyncio.to_thread(self._translated, target, account, request)
            return await self.publish(target, account, translation, trace)

    def _translated(self, target: Target, account: str, request: WebhookRequest) -> Translation:
        found = normalised(target, request)
        if found.files:
            self._attachments.keep_those_of(found)
        return translate(found, target, account, request)

    def not_authentic(self, target: Target, account: str) -> Judgement:
        """Refuse a webhook, without a word about why."""
        if target.is_known:
            about = f"{target.provider}/{account}"
            self._rate_limited.warning("ingress.not_authentic", about=about)
        return Result.NOT_AUTHENTIC, responses.NOT_AUTHENTIC

    async def publish(
        self, target: Target, account: str, translation: Translation, trace: WebhookTrace | None
    ) -> Judgement:
        """Publish what a webhook became."""
        self.log_quarantined(target, account, translation)
        messages = translation.messages if trace is None else trace.carried(translation.messages)
        placement = await self.publish_or_spool.place(
            messages, target.provider, retries_on_5xx=target.rules.retries_on_5xx
        )
        return judgement_of(placement, target, translation)

    async def keep(
        self, target: Target, translation: Translation, failures: Sequence[PublishError | None]
    ) -> Judgement:
        """Keep of a webhook what was not published, where it would not come again."""
        placement = await self.publish_or_spool.keep(
            translation.messages,
            failures,
            target.provider,
            retries_on_5xx=target.rules.retries_on_5xx,
        )
        return judgement_of(placement, target, translation)

    def log_quarantined(self, target: Target, account: str, translation: Translation) -> None:
        """Say in the log what of a webhook was not understood."""
        if translation.not_understood:
            self._rate_limited.warning(
                "ingress.quarantined",
                about=f"{target.provider}/{account}",
                reasons={reason.value: n for reason, n in translation.not_understood.items()},
            )


async def in_any_case(target: Target, judging: Awaitable[Judgement]) -> Judgement:
    """Wait for a judgement; a defect of ours is our trouble, not the caller's."""
    try:
        return await judging
    except Exception as error:  # noqa: BLE001  as it says
        return failed(target, error)


def failed(target: Target, error: Exception) -> Judgement:
    """Answer for a defect of ours."""
    _log.error("ingress.failed", provider=target.provider, error=type(error).__name__)
    return Result.UNAVAILABLE, responses.UNAVAILABLE


def judgement_of(placement: Placement, target: Target, translation: Translation) -> Judgement:
    """Answer for where the messages of a webhook are now, and count what it held."""
    if placement is Placement.NOWHERE:
        return Result.UNAVAILABLE, responses.UNAVAILABLE
    _count(target, translation)
    result = Result.ACCEPTED if placement is Placement.ON_THE_BUS else Result.KEPT
    return result, translation.response


def verdict_on(target: Target, request: WebhookRequest) -> Verdict:
    """Say whether a request is authentic; awaitable where a key may have to be fetched."""
    try:
        verdict = target.endpoint.verify(request)
    except UnverifiableError:
        raise
    except Exception as error:  # noqa: BLE001  what can't be verified is not authentic
        return _unverified(target, error)
    return verdict if isinstance(verdict, bool) else _verdict_to_come(target, verdict)


async def _verdict_to_come(target: Target, verdict: Awaitable[bool]) -> bool:
    try:
        return await verdict
    except UnverifiableError:
        raise
    except Exception as error:  # noqa: BLE001  as above
        return _unverified(target, error)


def _unverified(target: Target, error: Exception) -> bool:
    _log.error("ingress.verify_failed", provider=target.provider, error=type(error).__name__)
    return False


def _count(target: Target, translation: Translation) -> None:
    labels = target.provider, target.account
    for kind, count in translation.receipts.items():
        metrics.receipts(*labels, kind).inc(count)
    for reason, count in translation.not_understood.items():
        metrics.QUARANTINED.labels(*labels, reason).inc(count)
    if translation.ignored:
        metrics.IGNORED.labels(*labels).inc(translation.ignored)
