"""Whether an endpoint believes its provider, and nobody else."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace

from herald.conformance.checks import Check, Needs
from herald.conformance.trial import Trial
from herald.conformance.verdicts import require
from herald.providers.subject_webhooks import Call
from herald.providers.webhook_endpoints import Endpoint

_LOOK = "verify in webhooks.py, and signature.py"
_DECOY = "make_decoy in webhooks.py"
_NOT_ASCII = ("é" * 20).encode(), b"\xff\xfe\x00", "ключ".encode()
_MALFORMED = (b"!", b"=", b"a", b"sha256", b"====", b"0" * 64, b"AAAA" * 30, b"," * 20, b"." * 5)
_ALIKE = 5
_PLACES = 10  # of a body, where it is changed
_TOO_LONG = b"A" * 100_000


async def good(trial: Trial) -> None:
    """Believe a request that is signed as the provider signs."""
    await _believed(trial, trial.endpoint(), trial.call(trial.status()), "with the account's key")


async def missing(trial: Trial) -> None:
    """Refuse what is not signed."""
    await _refused(trial, [("without a signature", _claiming(trial, None))])


async def empty(trial: Trial) -> None:
    """Refuse an empty signature."""
    await _refused(trial, [("an empty signature", _claiming(trial, b""))])


async def wrong(trial: Trial) -> None:
    """Refuse the signature of another body."""
    other = trial.call(trial.status(reference="reference-2", number=2))
    signature = trial.signing.signature.read(other)
    changed = _swapped(trial.signing.signature.read(trial.call(trial.status())))
    await _refused(trial, [("a changed signature", _claiming(trial, changed))])
    if signature != trial.signing.signature.read(trial.call(trial.status())):
        await _refused(trial, [("another request's", _claiming(trial, signature))])


async def of_another(trial: Trial) -> None:
    """Refuse what another account's key signs."""
    await _refused(trial, [("another account's key", _signed(trial, 2))])


async def rotated(trial: Trial) -> None:
    """Take two keys while both are configured, and no longer the old one afterwards."""
    old, new, _ = trial.signing.keys
    both = trial.endpoint([old, new])
    await _believed(trial, both, _signed(trial, 0), "the first of two keys")
    await _believed(trial, both, _signed(trial, 1), "the second of two keys")
    after = trial.endpoint([new])
    await _believed(trial, after, _signed(trial, 1), "the new key alone")
    await _refused(trial, [("the old key after the rotation", _signed(trial, 0))], after)


async def malformed(trial: Trial) -> None:
    """Refuse what is no signature at all."""
    given = (*_MALFORMED, *trial.signing.malformed, _TOO_LONG)
    await _refused(trial, _claims(trial, given))


async def not_ascii(trial: Trial) -> None:
    """Refuse bytes outside ASCII, which some comparisons raise at."""
    await _refused(trial, _claims(trial, _NOT_ASCII))


async def truncated(trial: Trial) -> None:
    """Refuse a part of the right signature."""
    right = trial.signing.signature.read(trial.call(trial.status()))
    await _refused(trial, _claims(trial, (right[:-1], right[: len(right) // 2], right[1:])))


async def with_blanks(trial: Trial) -> None:
    """Refuse the right signature with a blank, a tab or a line break in it."""
    right = trial.signing.signature.read(trial.call(trial.status()))
    middle = len(right) // 2
    given = [right[:middle] + blank + right[middle:] for blank in (b" ", b"\t", b"\n")]
    await _refused(trial, _claims(trial, given))


async def content_changed(trial: Trial) -> None:
    """Refuse what is not as it was signed: byte for byte, or value for value.

    That is the body, or where a request has none its query.
    """
    call = trial.call(trial.status())
    if not call.body:
        changed = _another_letter(call.query.encode("latin-1")).decode("latin-1")
        await _refused(trial, [("another letter in the query", replace(call, query=changed))])
        return
    others = [
        ("another letter", replace(call, body=_another_letter(call.body))),
        ("no body", replace(call, body=b"")),
    ]
    if trial.signing.covers == "bytes":
        others.append(("a blank more", replace(call, body=call.body + b" ")))
        step = max(1, len(call.body) // _PLACES)
        for place in range(0, len(call.body), step):
            other = call.body[:place] + _another_letter(call.body[place:] + b"a")
            others.append((f"another letter from {place} on", replace(call, body=other)))
    await _refused(trial, others)


async def head(trial: Trial) -> None:
    """Name in its rules the method, and the headers that sign: without them nothing is read."""
    call, rules = trial.call(trial.status()), trial.endpoint().rules
    look = "RULES in webhooks.py"
    require(call.method in rules.methods, f"{call.method} among its methods", rules.methods, look)
    named = rules.methods[call.method]
    require(named <= call.headers.keys(), "headers that the provider sends", sorted(named), look)
    require(len(call.body) <= rules.max_body_bytes, "room for a request", len(call.body), look)


async def decoy_refuses(trial: Trial) -> None:
    """Have the decoy of an unknown account refuse all that an endpoint takes or refuses."""
    decoy = trial.decoy()
    calls = [_signed(trial, number) for number in range(3)]
    given = (None, b"", *_NOT_ASCII, *_MALFORMED, *trial.signing.malformed)
    calls += [_claiming(trial, claim) for claim in given]
    for call in calls:
        seen = await _said(trial, decoy, call)
        require(seen == "False", "not authentic, by the decoy", seen, _DECOY)


async def decoy_alike(trial: Trial) -> None:
    """Hold callers of an unknown account to the same rules as those of a known one."""
    rules, decoys = trial.endpoint().rules, trial.decoy().rules
    require(rules == decoys, f"the rules of an account: {rules}", decoys, _DECOY)


async def decoy_works(trial: Trial) -> None:
    """Have the decoy work as much on a forged request as a known account's endpoint does."""
    forged = _signed(trial, 2)
    known, unknown = trial.endpoint(), trial.decoy()
    spent = [min([await _seconds(trial, it, forged) for _ in range(9)]) for it in (known, unknown)]
    seen = f"{spent[1] * 1e6:.0f} µs, an account's {spent[0] * 1e6:.0f} µs"
    is_so = spent[1] * _ALIKE > spent[0] and spent[0] * _ALIKE > spent[1]
    require(is_so, f"about the time of an account's (within a factor of {_ALIKE})", seen, _DECOY)


async def _seconds(trial: Trial, endpoint: Endpoint, call: Call) -> float:
    began = time.perf_counter()
    for _ in range(20):
        await trial.verify(endpoint, call)
    return (time.perf_counter() - began) / 20


def _signed(trial: Trial, key: int) -> Call:
    signing = trial.signing
    return signing.sign(trial.webhooks.call([trial.status()]), trial.url, signing.keys[key])


def _claiming(trial: Trial, signature: bytes | None) -> Call:
    return trial.signing.signature.write(trial.call(trial.status()), signature)


def _claims(trial: Trial, signatures: Iterable[bytes]) -> Iterator[tuple[str, Call]]:
    for signature in signatures:
        yield repr(signature[:60]), _claiming(trial, signature)


async def _believed(trial: Trial, endpoint: Endpoint, call: Call, what: str) -> None:
    seen = await _said(trial, endpoint, call)
    require(seen == "True", f"authentic: {what}", seen, _LOOK)


async def _refused(
    trial: Trial, calls: Iterable[tuple[str, Call]], endpoint: Endpoint | None = None
) -> None:
    asked = trial.endpoint() if endpoint is None else endpoint
    async for what, seen in _answers(trial, asked, calls):
        require(seen == "False", f"not authentic: {what}", seen, _LOOK)


async def _answers(
    trial: Trial, endpoint: Endpoint, calls: Iterable[tuple[str, Call]]
) -> AsyncIterator[tuple[str, str]]:
    for what, call in calls:
        yield what, await _said(trial, endpoint, call)


async def _said(trial: Trial, endpoint: Endpoint, call: Call) -> str:
    try:
        return str(await trial.verify(endpoint, call))
    except Exception as error:  # noqa: BLE001  whatever it raises, it must not
        return f"raises {type(error).__name__}"


def _swapped(signature: bytes) -> bytes:
    """Change one character in the middle, for one that may stand there."""
    middle = len(signature) // 2
    other = b"b" if signature[middle : middle + 1] == b"a" else b"a"
    return signature[:middle] + other + signature[middle + 1 :]


def _another_letter(body: bytes) -> bytes:
    """Change a letter of a word, so that the grammar stays."""
    place = next(n for n, letter in enumerate(body) if chr(letter).isalpha())
    return body[:place] + (b"q" if body[place : place + 1] != b"q" else b"z") + body[place + 1 :]


SIGNED = Needs.SIGNATURE
CHECKS = (
    Check("signature_good", "A request signed as the provider signs is believed.", SIGNED, good),
    Check("signature_missing", "A request without a signature is refused.", SIGNED, missing),
    Check("signature_empty", "An empty signature is refused.", SIGNED, empty),
    Check("signature_wrong", "A signature of something else is refused.", SIGNED, wrong),
    Check("signature_of_another", "Another account's key proves nothing.", SIGNED, of_another),
    Check(
        "signature_rotated",
        "While two keys are configured both count, and the old one no longer afterwards.",
        SIGNED,
        rotated,
    ),
    Check("signature_malformed", "What is no signature is refused.", SIGNED, malformed),
    Check("signature_not_ascii", "A signature outside ASCII is refused.", SIGNED, not_ascii),
    Check("signature_truncated", "A part of a signature is refused.", SIGNED, truncated),
    Check("signature_blanks", "A signature with blanks in it is refused.", SIGNED, with_blanks),
    Check("signature_covers_body", "A changed body or query is refused.", SIGNED, content_changed),
    Check("webhook_head", "Its rules name the method and the headers that sign.", SIGNED, head),
    Check("decoy_refuses", "An unknown account's endpoint believes nobody.", SIGNED, decoy_refuses),
    Check("decoy_works", "An unknown account's takes as long.", SIGNED, decoy_works),
    Check("decoy_alike", "An unknown account has a known one's rules.", SIGNED, decoy_alike),
)
