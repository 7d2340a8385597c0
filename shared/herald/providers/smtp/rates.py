"""What a relay allows: each has limits of its own, and says so with a 4xx reply.

Source: none; RFC 5321 knows no limits. The rate is Herald's own.
"""

from __future__ import annotations

from herald.providers.rates import RateProfile

PROFILE = RateProfile(rate=10.0)
