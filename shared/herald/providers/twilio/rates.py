"""What Twilio allows, by the kind of number that messages are sent from.

Source: Twilio, "Understanding Twilio rate limits and message queues": segments a second of each
number; what comes faster Twilio queues, for ten hours at most. Twilio, "WhatsApp API": 80 messages
a second for each sender.
"""

from __future__ import annotations

from herald.providers.rates import RateProfile

PROFILES: dict[str, RateProfile] = {
    "long_code": RateProfile(rate=1.0, sender_rate=1.0),
    "toll_free": RateProfile(rate=3.0, sender_rate=3.0),
    "short_code": RateProfile(rate=100.0, sender_rate=100.0),
    "alphanumeric": RateProfile(rate=10.0, sender_rate=10.0),
    "whatsapp": RateProfile(rate=80.0, sender_rate=80.0),
}
DEFAULT_KINDS = {"sms": "long_code", "whatsapp": "whatsapp"}  # by channel
