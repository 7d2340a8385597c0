"""What Resend allows: two calls a second of a team, unless it agreed to more.

Source: Resend, "Rate limit".
"""

from __future__ import annotations

from herald.providers.rates import RateProfile

PROFILE = RateProfile(rate=2.0)
