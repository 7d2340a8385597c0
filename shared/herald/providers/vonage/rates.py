"""What Vonage allows an application.

Source: Vonage, "Messages API, rate limiting": 30 messages a second by default, on each channel.
Some countries allow a sender of SMS less: set `sender_rate`.
"""

from __future__ import annotations

from herald.providers.rates import RateProfile

PROFILE = RateProfile(rate=30.0)
