"""What Mailgun allows: it publishes no number for sending, and answers 429 past an account's own.

Source: Mailgun, "Rate limits". The rate is Herald's own.
"""

from __future__ import annotations

from herald.providers.rates import RateProfile

PROFILE = RateProfile(rate=10.0)
