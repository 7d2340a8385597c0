"""How an account at Amazon SES begins."""

from __future__ import annotations

from herald.providers.examples import EMAIL_FROM, Example, Question, placeholder
from herald.providers.ses.account import SesAccount

EXAMPLE = Example(
    title="e-mail, by Amazon SES",
    account="ses-main",
    channel="email",
    options=(
        Question(
            name="region",
            about="the AWS region that sends, such as eu-central-1",
            help="The AWS region of Amazon SES.",
            flag="ses_region",
            model=SesAccount,
        ),
        Question(
            name="topics",
            about="the ARN of the SNS topic that its events go to",
            help="The SNS topic of Amazon SES's events.",
            flag="ses_topic",
            is_list=True,
        ),
    ),
    sender=EMAIL_FROM,
    secrets=f"""\
# Of an IAM user with the right ses:SendEmail.
access_key_id = "{placeholder("an access key: AWS, IAM, the user, Security credentials")}"
secret_access_key = "{placeholder("its secret")}"
""",
)
