"""What Amazon SES allows: each account has its own rate, which its console shows.

The rate is Herald's own: a new account may send 1 mail a second, others 14 and more.
"""

from __future__ import annotations

from herald.providers.rates import RateProfile

PROFILE = RateProfile(rate=10.0)
