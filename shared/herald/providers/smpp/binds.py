"""The binds of one account: opened again whenever they end, and not faster than is decent."""

from __future__ import annotations

import asyncio
import contextlib
import random
from dataclasses import dataclass
from datetime import timedelta

import structlog

from herald.providers.credentials import Credentials, CredentialsError
from herald.providers.sending import NotSent
from herald.providers.smpp import metrics
from herald.providers.smpp.account import SmppSecrets
from herald.providers.smpp.dialing import Dialer, Mode, NoBind, NoBindError
from herald.providers.smpp.link import Link

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds between tries; each is twice the last one
REFUSED_PAUSE, LONGEST_REFUSED_PAUSE = 60.0, 300.0  # where the SMSC does not know us
STEADY_SECONDS = 10.0  # a bind that ends sooner has not mended anything

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Resting:
    """A bind that failed and is not tried for a while."""

    error: NoBindError
    until: float  # the loop's time
    password: str = ""  # that was tried

    def result(self, now: float) -> NoBind:
        """Say what becomes of a message meanwhile."""
        result = self.error.result
        if isinstance(result, NotSent):
            left = timedelta(seconds=max(self.until - now, 0.1))
            return NotSent(result.code, left, no_connection=result.no_connection)
        return result

    def __repr__(self) -> str:
        return f"Resting({self.error.code})"


class Binds:
    """All binds of one account by one way."""

    def __init__(self, name: str, dialer: Dialer, credentials: Credentials[SmppSecrets]) -> None:
        self._name = name
        self._dialer = dialer
        self._credentials = credentials
        self._changed = asyncio.Event()  # of the next change
        account = dialer.account
        modes = [Mode.TRANSCEIVER]
        if account.bind == "pair":
            modes = [Mode.TRANSMITTER, Mode.RECEIVER]
        self._slots = [_Slot(mode) for mode in modes * account.binds]
        self._counts = metrics.BindCounts(account.channel, name)

    def start(self) -> None:
        """Begin to open them; returns before any is."""
        metrics.initialise(self._dialer.account.channel, self._name)
        self._counts.wanted(len(self._slots))
        for slot in self._slots:
            slot.task = asyncio.create_task(self._keep(slot))

    async def stop(self) -> None:
        """Unbind all."""
        for slot in self._slots:
            if slot.task is not None:
                slot.task.cancel()
        running = [slot.task for slot in self._slots if slot.task is not None]
        try:
            await asyncio.gather(*running, return_exceptions=True)
        finally:
            self._counts.wanted(-len(running))  # of binds that never started, none were wanted
            for slot in self._slots:
                slot.task = None

    async def sender(self, deadline: float) -> Link | NoBind:
        """Return the bind with the fewest submits under way, or why there is none by now."""
        senders = [slot for slot in self._slots if slot.mode.sends]
        while True:
            links = [slot.link for slot in senders if slot.link and slot.link.is_usable]
            if links:
                return min(links, key=lambda link: link.unanswered)
            resting = [slot.resting for slot in senders if slot.resting is not None]
            if len(resting) == len(senders) and not self._try_again_with_another_password(senders):
                return resting[0].result(asyncio.get_running_loop().time())
            changed = self._changed
            try:
                async with asyncio.timeout_at(deadline):
                    await changed.wait()
            except TimeoutError:
                return NotSent("not_bound")

    def _try_again_with_another_password(self, senders: list[_Slot]) -> bool:
        """Whether the password was replaced since the SMSC refused it; then binds don't rest."""
        is_another = False
        for slot in senders:
            rests = slot.resting
            if rests and rests.error.is_auth and rests.password != self._password:
                slot.resting = None
                slot.wake.set()
                is_another = True
        return is_another

    @property
    def _password(self) -> str:
        return self._credentials.current.password.get_secret_value()

    async def _keep(self, slot: _Slot) -> None:
        """Keep one bind open until the end."""
        pause = 0.0
        while True:
            began, password = asyncio.get_running_loop().time(), self._password
            try:
                slot.link = await self._dial(slot.mode, password)
            except NoBindError as error:
                pause = _next_pause(pause, is_auth=error.is_auth)
                await self._rest(slot, error, password, pause)
                continue
            self._note_bound(slot)
            await self._serve(slot, slot.link)
            lasted = asyncio.get_running_loop().time() - began
            pause = 0.0 if lasted >= STEADY_SECONDS else _next_pause(pause, is_auth=False)
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  no secret

    async def _dial(self, mode: Mode, password: str) -> Link:
        try:
            return await self._dialer.dial(mode, password)
        except NoBindError:
            raise
        except Exception as error:
            _log.error("smpp.failed", error=type(error).__name__)
            raise NoBindError("failed", NotSent("failed")) from error

    async def _serve(self, slot: _Slot, link: Link) -> None:
        watching = asyncio.create_task(link.watch())
        try:
            await link.closed.wait()
        except asyncio.CancelledError:
            await link.leave()
            raise
        finally:
            watching.cancel()
            slot.link = None
            self._counts.ended()  # before anything is awaited: another cancellation may end it
            self._note_change()
            await link.ended()
        _log.warning(
            "smpp.link_lost", account=self._name, bind=slot.mode.name.lower(), code=link.why
        )

    async def _rest(self, slot: _Slot, error: NoBindError, password: str, pause: float) -> None:
        """Wait before the next try; a refused password may have been replaced by then."""
        pause *= random.uniform(0.5, 1)  # noqa: S311  no secret
        until = asyncio.get_running_loop().time() + pause
        slot.resting = Resting(error, until, password)
        slot.wake.clear()
        if slot.said != error.code:  # once, however often it is tried
            slot.said = error.code
            _log.warning(
                "smpp.not_bound",
                account=self._name,
                bind=slot.mode.name.lower(),
                code=error.code,
            )
        self._note_change()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await slot.wake.wait()
        if error.is_auth:
            with contextlib.suppress(CredentialsError):
                await self._credentials.refresh()
        slot.resting = None

    def _note_bound(self, slot: _Slot) -> None:
        slot.said = ""
        self._counts.opened()
        _log.info("smpp.bound", account=self._name, bind=slot.mode.name.lower())
        self._note_change()

    def _note_change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class _Slot:
    """A place for one bind."""

    def __init__(self, mode: Mode) -> None:
        self.mode = mode
        self.link: Link | None = None
        self.resting: Resting | None = None
        self.wake = asyncio.Event()
        self.said = ""  # the trouble that was logged last
        self.task: asyncio.Task[None] | None = None


def _next_pause(last: float, *, is_auth: bool) -> float:
    first, longest = FIRST_PAUSE, LONGEST_PAUSE
    if is_auth:
        first, longest = REFUSED_PAUSE, LONGEST_REFUSED_PAUSE
    return min(max(last * 2, first), longest)
