"""How an account begins whose provider has a profile: what `herald init` asks and writes."""

from __future__ import annotations

from herald.providers.examples import Example, Question, placeholder
from herald.providers.http.account import model_of
from herald.providers.http.loading import shipped


def example_of(name: str) -> Example:
    """Return how an account with a profile that ships with Herald begins."""
    profile = shipped(name)
    model = model_of(name)
    channel = profile.channels[0]
    return Example(
        title=profile.title,
        account=f"{name.replace('_', '-')}-main",
        channel=channel,
        profile=name,
        options=tuple(
            Question(
                name=option,
                about=rules.about,
                help=f"{rules.about.partition(':')[0]} ({name}).",
                flag=f"{name}_{option}",
                model=model,
            )
            for option, rules in profile.options.items()
            if rules.default is None
        ),
        sender=_sender(channel) if profile.send.needs_sender else None,
        secrets="".join(
            _secret(secret, rules.about, several=rules.several)
            for secret, rules in profile.secrets.items()
            if not rules.optional
        ),
    )


def _sender(channel: str) -> Question:
    if channel == "sms":
        return Question(
            name="sms_from",
            about="the number to send from, e.g. +15550001111",
            help="The number to send SMS from.",
        )
    about = f"what {channel} is sent from"
    return Question(name=f"{channel}_from", about=about, help=f"{about[0].upper()}{about[1:]}.")


def _secret(name: str, about: str, *, several: bool) -> str:
    value = '"{token}"' if about.startswith("a random text") else f'"{placeholder(about)}"'
    return f"{name} = {f'[{value}]' if several else value}\n"
