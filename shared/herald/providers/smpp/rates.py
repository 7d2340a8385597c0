"""What an SMSC allows: each agrees its own rate with the account, and says so with 0x58.

Source: none; SMPP 3.4 knows no limits. The rate is Herald's own.
"""

from __future__ import annotations

from herald.providers.rates import RateProfile

PROFILE = RateProfile(rate=10.0)
