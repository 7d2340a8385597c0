"""What Meta allows one phone number.

Source: Meta, "Cloud API, throughput": 80 messages a second by default, upgraded to 1,000 when a
number qualifies; 20 for a number that the WhatsApp Business app uses too. Meta, "Pair rate limits":
one message in six seconds to the same user; a burst of up to 45, which is paid back by waiting.
Inbound messages count, too.
"""

from __future__ import annotations

from herald.providers.budgets import Allowance
from herald.providers.rates import RateProfile

PAIR = Allowance(rate=1 / 6, burst=45.0)

PROFILES: dict[str, RateProfile] = {
    "standard": RateProfile(rate=80.0, pair=PAIR),
    "upgraded": RateProfile(rate=1000.0, pair=PAIR),
    "shared": RateProfile(rate=20.0, pair=PAIR),  # with the WhatsApp Business app
}
DEFAULT_KIND = "standard"
