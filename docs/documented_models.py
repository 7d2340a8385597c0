"""The models whose fields pages show, by name."""

from __future__ import annotations

from pydantic import BaseModel

from herald.config.broker_users import Services
from herald.config.fallback import FallbackRules
from herald.config.file import (
    CategoryRules,
    MaskingRules,
    Operators,
    RetryRules,
    SecretRules,
    SessionRules,
    Tenant,
)
from herald.config.ingress import IngressRules
from herald.config.quiet_hours import QuietHours
from herald.config.quotas import Quota
from herald.config.read_api import ReadApiRules
from herald.config.retention import Retention
from herald.config.sms import SmsRules
from herald.contracts.account_updates import TemplateUpdate
from herald.contracts.commands import CancelMessage, Recipient, Route, SendMessage, Step
from herald.contracts.content import (
    ChannelContent,
    Content,
    Media,
    Template,
    TemplateButton,
    TemplateHeader,
)
from herald.contracts.content.rich import (
    Button,
    ChoiceList,
    Contact,
    ContactNumber,
    LinkButton,
    ListRow,
    ListSection,
    Location,
    Reaction,
    ReadReceipt,
)
from herald.contracts.events import (
    AccountData,
    CommandData,
    Fallback,
    InboundData,
    MessageData,
    RecipientData,
    Waits,
)
from herald.contracts.failures import Failure
from herald.contracts.inbound import (
    AddressChange,
    ContactPhone,
    InboundChoice,
    InboundContact,
    InboundLocation,
    InboundMail,
    InboundMedia,
    InboundOrder,
    InboundPart,
    InboundPreference,
    InboundProblem,
    InboundProduct,
    InboundReaction,
    InboundReferral,
    OrderItem,
)
from herald.contracts.operator_commands import DropDeadLetter, ReplayDeadLetter, ResendMessage
from herald.contracts.plans import ChannelPlan, LeftOut, PlannedData, StepPlan
from herald.contracts.recipient_commands import (
    EraseRecipient,
    SuppressRecipient,
    UnsuppressRecipient,
)
from herald.contracts.searches import MessageSearch
from herald.contracts.suppression_searches import SuppressionSearch
from herald.egress.configuration import Member, Pool
from herald.files.configuration import MediaRules
from herald.providers.http.profile import Option, Profile, Rates, Secret
from herald.providers.http.sending_rules import Auth, ErrorRules, ResponseRules, SendRules
from herald.providers.http.webhook_rules import (
    BasicLogin,
    HeaderToken,
    Hmac,
    InboundRules,
    PlivoV2,
    PlivoV3,
    QueryToken,
    StatusRules,
    WebhookAnswer,
    WebhookRules,
)
from herald.providers.oauth import OAuth
from herald.providers.registry import ACCOUNTS
from herald.templates.shapes import ConfiguredTemplate, Texts
from herald.templates.variables import Variable

MODELS: dict[str, type[BaseModel]] = {
    model.__name__: model
    for model in (
        SendMessage, CancelMessage, EraseRecipient, Recipient, Content, ChannelContent, Media,
        Template, TemplateHeader, TemplateButton, Route,
        Button, LinkButton, ChoiceList, ListSection, ListRow, Location, Contact, ContactNumber,
        Reaction, ReadReceipt,
        PlannedData, StepPlan, ChannelPlan, LeftOut,
        Step, MessageData, CommandData, InboundData, Fallback, Waits, Failure,
        InboundMedia, InboundMail, InboundPart, InboundLocation, InboundContact, ContactPhone,
        InboundOrder, OrderItem,
        InboundProduct, InboundChoice, InboundReaction, AddressChange, InboundReferral,
        InboundPreference, InboundProblem, AccountData, TemplateUpdate,
        ResendMessage, ReplayDeadLetter, DropDeadLetter,
        MessageSearch,
        SuppressRecipient, UnsuppressRecipient, RecipientData, SuppressionSearch, QuietHours,
        Services, Tenant, Quota, Operators,
        Member, Pool, MediaRules, SmsRules, OAuth, SessionRules,
        ConfiguredTemplate, Texts, Variable,
        CategoryRules, RetryRules, FallbackRules, Retention,
        IngressRules, MaskingRules, SecretRules, ReadApiRules,
        Profile, Option, Secret, Rates, SendRules, Auth, ResponseRules, ErrorRules,
        WebhookRules, WebhookAnswer, StatusRules, InboundRules,
        HeaderToken, QueryToken, BasicLogin, Hmac, PlivoV2, PlivoV3,
    )
}  # fmt: skip
MODELS |= {model.__name__: model for model in ACCOUNTS.values()}
