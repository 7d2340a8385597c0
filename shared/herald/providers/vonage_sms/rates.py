"""What Vonage allows an API key.

Source: Vonage, "What is the throughput limit for outbound SMS?": 30 requests a second by default.
Some countries allow a sender less: set `sender_rate`.
"""

from __future__ import annotations

from herald.providers.rates import RateProfile

PROFILE = RateProfile(rate=30.0)
