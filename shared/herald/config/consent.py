"""Which messages a recipient's wish stops, and the words that say one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from herald.contracts.vocabulary import Category, SuppressionReason

Word = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
Meaning = Literal["stop", "start"]

EVERY_CATEGORY = tuple(Category)
DEFAULT_STOPS: Mapping[SuppressionReason, tuple[Category, ...]] = {
    SuppressionReason.STOP: EVERY_CATEGORY,
    SuppressionReason.OPTED_OUT: EVERY_CATEGORY,  # the provider would refuse them in any case
    SuppressionReason.PREFERENCE: (Category.MARKETING,),
    SuppressionReason.UNSUBSCRIBED: (Category.MARKETING,),
    SuppressionReason.COMPLAINT: (Category.MARKETING,),
    SuppressionReason.HARD_BOUNCE: EVERY_CATEGORY,  # nobody would get them
    SuppressionReason.COMMAND: EVERY_CATEGORY,
    SuppressionReason.OTHER: EVERY_CATEGORY,
}

_LONGEST = 40
_AROUND = " \t\r\n.,!?;:\"'`()«»“”„‘’"  # noqa: RUF001  what people put around a word
_BLANKS = re.compile(r"\s+")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(_Part):
    """What people write in one language."""

    stop: tuple[Word, ...] = ()  # asks for no more messages on the channel
    start: tuple[Word, ...] = ()  # undoes it


# The English ones are those of US carriers and Twilio, but for YES: it answers other things, too.
DEFAULT_WORDS: Mapping[str, Words] = {
    "en": Words(
        stop=(
            *("STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE"),
            *("OPTOUT", "OPT OUT"),
        ),
        start=("START", "UNSTOP"),
    ),
    "de": Words(stop=("STOPP", "ABMELDEN", "ABBESTELLEN"), start=("ANMELDEN",)),
    "es": Words(stop=("BAJA", "PARAR"), start=("ALTA",)),
    "fr": Words(stop=("ARRET", "ARRÊT", "DÉSABONNER", "DESABONNER"), start=("REPRENDRE",)),
    "it": Words(stop=("CANCELLAMI", "DISISCRIVIMI"), start=("ISCRIVIMI",)),
    "nl": Words(stop=("AFMELDEN", "UITSCHRIJVEN"), start=("AANMELDEN",)),
    "pt": Words(stop=("SAIR", "PARAR"), start=("VOLTAR",)),
}


class Consent(_Part):
    """What a recipient's wish stops, and how they say it; what is not given is as by default."""

    stops: dict[SuppressionReason, tuple[Category, ...]] = Field(default_factory=dict)
    words: dict[Language, Words] = Field(default_factory=dict)

    def stopped_by(self, reason: SuppressionReason) -> tuple[Category, ...]:
        """Return the categories that are not sent for a reason."""
        return self.stops.get(reason, DEFAULT_STOPS[reason])

    def meaning_of(self, text: str | None) -> Meaning | None:
        """Return what a message asks for if it is one of the words, and nothing besides.

        In capitals or not, with or without a mark around it. A sentence that holds the word is
        none: people write `please don't stop`.
        """
        if text is None or len(text) > 2 * _LONGEST:
            return None
        return self._meanings.get(one_form(text))

    @cached_property
    def _meanings(self) -> dict[str, Meaning]:
        spoken = {**DEFAULT_WORDS, **self.words}.values()
        starts: dict[str, Meaning] = {one_form(it): "start" for one in spoken for it in one.start}
        # what asks for no more in one language wins over what it means in another
        return {**starts, **{one_form(it): "stop" for one in spoken for it in one.stop}}

    def problems(self) -> Iterator[str]:
        """Name each word that means both in its language, or nothing at all."""
        for language, words in self.words.items():
            stops = {one_form(word) for word in words.stop}
            for index, word in enumerate(words.start):
                if one_form(word) in stops:
                    yield f"consent.words.{language}.start.{index}: {word!r} is also one of stop"
            for kind in ("stop", "start"):
                for index, word in enumerate(getattr(words, kind)):
                    if not one_form(word):
                        yield f"consent.words.{language}.{kind}.{index}: holds no letter"


def one_form(text: str) -> str:
    """Write a word as it is compared: without case, width, blanks or marks around it."""
    plain = unicodedata.normalize("NFKC", text).strip(_AROUND).casefold()
    return _BLANKS.sub(" ", plain)
