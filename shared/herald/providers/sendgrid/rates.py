"""What SendGrid allows: it publishes no number, and says in each response what is left.

Source: SendGrid, "Rate limits" (`X-RateLimit-*`). The rate is Herald's own.
"""

from __future__ import annotations

from herald.providers.rates import RateProfile

PROFILE = RateProfile(rate=10.0)
