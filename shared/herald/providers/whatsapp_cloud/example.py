"""How an account at WhatsApp's Cloud API begins."""

from __future__ import annotations

from herald.providers.examples import Example, Question, placeholder
from herald.providers.whatsapp_cloud.account import WhatsAppCloudAccount

EXAMPLE = Example(
    title="WhatsApp, by Meta's Cloud API",
    account="wa-main",
    channel="whatsapp",
    options=(
        Question(
            name="phone_number_id",
            about="the phone number's id: App dashboard, WhatsApp, API setup",
            help="WhatsApp's.",
            model=WhatsAppCloudAccount,
        ),
    ),
    sender=None,
    secrets=f"""\
# With the right whatsapp_business_messaging.
access_token = "{placeholder("a system user's access token: Business settings, System users")}"
# They sign Meta's webhooks; a second one while you change it.
app_secrets = ["{placeholder("the app secret: App dashboard, Settings, Basic")}"]
# Made for you: enter it in the webhook's settings.
verify_token = "{{token}}"
""",
)
