"""What MessageBird allows an account: nothing it documents for SMS. The rate is Herald's own."""

from __future__ import annotations

from herald.providers.rates import RateProfile

PROFILE = RateProfile(rate=10.0)
