"""The words of Herald: every value that crosses the bus, with one sentence on what it means."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypeVar

from pydantic import BeforeValidator


class Status(StrEnum):
    """What is known of one attempt; `router.states` ranks them and a rank never falls."""

    CREATED = "created"  # the router planned it and has not put it on the bus
    DISPATCHED = "dispatched"  # its work is on the bus
    STARTED = "started"  # a worker claimed it: the call may have been made
    UNKNOWN = "unknown"  # the call was made or cut short and nobody knows how it ended
    ACCEPTED = "accepted"  # the provider took it
    SENT = "sent"  # the provider passed it on towards the recipient
    WITHDRAWN = "withdrawn"  # the router took it back before any call was made
    FAILED = "failed"  # the provider refused it or gave it up
    DELIVERED = "delivered"  # it reached the recipient's device or mailbox
    BOUNCED = "bounced"  # the mailbox sent it back, possibly after delivery
    READ = "read"  # the recipient opened it
    CLICKED = "clicked"  # the recipient followed a link in it
    DEFERRED = "deferred"  # a receiving server asked to try later; a flag, not a rank
    COMPLAINED = "complained"  # the recipient reported it as spam; a flag, not a rank
    UNSUBSCRIBED = "unsubscribed"  # the recipient asked for no more; a flag, not a rank
    RETURNED = "returned"  # the worker gave the work back without a call; a report, not a rank
    OTHER = "other"  # a word we do not know; kept in the history only


class MessageStatus(StrEnum):
    """How far a message got: the highest any of its attempts reached. It may rise after the end."""

    QUEUED = "queued"  # accepted by Herald; no provider has passed it on yet
    SENT = "sent"  # a provider passed it on towards the recipient
    DELIVERED = "delivered"  # it reached the recipient's device or mailbox
    READ = "read"  # the recipient opened it
    CLICKED = "clicked"  # the recipient followed a link in it


class Outcome(StrEnum):
    """How a message ended. Set once."""

    SUCCEEDED = "succeeded"  # an attempt reached its step's `success_on`
    FAILED = "failed"  # every step failed
    EXPIRED = "expired"  # its time ran out first
    CANCELLED = "cancelled"  # its sender took it back in time


class FailureClass(StrEnum):
    """Why an attempt failed, in terms of what to do next; an adapter must choose one."""

    UNREACHABLE = "unreachable"  # the recipient can't be reached on this channel: fall back now
    CONTENT = "content"  # this content will never be taken: no other step by default
    PERMANENT = "permanent"  # this request will never be taken as it is: another step may do
    TRANSIENT = "transient"  # the provider's trouble: try again later
    RATE_LIMITED = "rate_limited"  # too fast: try again later and slow down
    AUTH = "auth"  # our account's trouble: another account or another step
    OPTED_OUT = "opted_out"  # the recipient refuses us on this channel
    AMBIGUOUS = "ambiguous"  # it may have been accepted: never resent blindly


class Category(StrEnum):
    """What a message is for; decides its time to live and how urgent its start is."""

    OTP = "otp"  # a code somebody waits for: worthless in minutes
    TRANSACTIONAL = "transactional"  # what the recipient asked for or must know
    MARKETING = "marketing"  # everything else; it may wait


class Lane(StrEnum):
    """Which queue a message waits in, from the command's routing key on."""

    URGENT = "urgent"  # waits behind nothing but its own kind
    NORMAL = "normal"  # where nothing else is said
    BULK = "bulk"  # campaigns


class Receipts(StrEnum):
    """The furthest news a provider ever sends; `success_on` is capped at it."""

    NONE = "none"  # nothing after the acceptance: an acceptance counts as sent
    SENT = "sent"  # that it was passed on
    DELIVERED = "delivered"  # that it arrived
    READ = "read"  # that it was opened


class SuccessOn(StrEnum):
    """What a step must reach to count as delivered."""

    SENT = "sent"  # the provider passed it on
    DELIVERED = "delivered"  # it arrived
    READ = "read"  # it was opened


class CommandAnswer(StrEnum):
    """The one answer every command gets."""

    ACCEPTED = "accepted"  # it will be done
    DUPLICATE = "duplicate"  # the same command was accepted before; nothing more is sent
    REJECTED = "rejected"  # it can't be done as it is
    TOO_LATE = "too_late"  # to take it back: it was started, or is over


class InboundKind(StrEnum):
    """What a recipient sent us."""

    TEXT = "text"  # words only
    BUTTON = "button"  # a template's quick-reply button
    INTERACTIVE = "interactive"  # a reply to buttons, a list or a form
    MEDIA = "media"  # held by reference; the provider keeps the bytes
    LOCATION = "location"  # a place
    CONTACTS = "contacts"  # entries of an address book
    ORDER = "order"  # products of a catalog
    REACTION = "reaction"  # an emoji on a message
    EDITED = "edited"  # an earlier message as it reads now
    DELETED = "deleted"  # an earlier message was taken back
    ADDRESS_CHANGED = "address_changed"  # they have another number or another id
    PREFERENCE = "preference"  # what they want of messages to come
    UNSUPPORTED = "unsupported"  # something that the provider does not pass on
    OTHER = "other"  # a kind that Herald has no word for


class MediaKind(StrEnum):
    """What kind of file a recipient sent."""

    IMAGE = "image"  # a picture
    VIDEO = "video"  # a film
    AUDIO = "audio"  # sound, spoken or not
    DOCUMENT = "document"  # any other file
    STICKER = "sticker"  # a small picture in place of words


class MediaPlace(StrEnum):
    """Where the bytes of a file are that a recipient sent."""

    PROVIDER = "provider"  # at the provider, under `reference` or `url`
    HERALD = "herald"  # in ingress's folder for attachments, under `sha256`
    DROPPED = "dropped"  # nowhere: they came with the webhook, and no folder had room for them


class SenderKind(StrEnum):
    """What names a sender."""

    PHONE = "phone"  # a number in E.164
    WHATSAPP_USER_ID = "whatsapp_user_id"  # Meta's id of them for one business, as `US.1234`
    EMAIL = "email"  # an e-mail address
    OTHER = "other"  # anything else: a short code, the provider's own id of a user


class ChoiceKind(StrEnum):
    """Of what a recipient chose."""

    QUICK_REPLY = "quick_reply"  # a template's buttons
    BUTTON = "button"  # a message's buttons
    LIST = "list"  # a list's rows
    FORM = "form"  # a form that they filled in
    OTHER = "other"  # a kind that Herald has no word for


class PreferenceValue(StrEnum):
    """What a recipient wants of messages to come."""

    STOP = "stop"  # no more
    RESUME = "resume"  # again, after a stop
    OTHER = "other"  # a word that Herald does not know


class SuppressionReason(StrEnum):
    """Why a recipient gets no more messages; decides of which categories."""

    STOP = "stop"  # they wrote a word that asks for no more
    OPTED_OUT = "opted_out"  # the provider refuses messages to them, for they opted out there
    PREFERENCE = "preference"  # they chose so in the channel's own settings
    UNSUBSCRIBED = "unsubscribed"  # they unsubscribed, by a mail's link or at the provider
    COMPLAINT = "complaint"  # they reported a message as spam
    HARD_BOUNCE = "hard_bounce"  # the address does not exist, or takes no mail any more
    COMMAND = "command"  # somebody asked for it with `recipient.suppress`
    OTHER = "other"  # a reason of a newer Herald


class AccountTopic(StrEnum):
    """What news about an account at its provider is about."""

    TEMPLATE_STATUS = "template_status"  # a template was reviewed, paused, disabled...
    TEMPLATE_QUALITY = "template_quality"  # how recipients take a template
    TEMPLATE_CATEGORY = "template_category"  # the provider put a template elsewhere
    TEMPLATE_CONTENT = "template_content"  # a template says something else
    NUMBER_QUALITY = "number_quality"  # how much one of our numbers may send
    NUMBER_NAME = "number_name"  # how one of our numbers is shown
    LIMITS = "limits"  # how much the account may do
    STANDING = "standing"  # the account was reviewed, restricted, banned...
    SECURITY = "security"  # who may use a number
    OTHER = "other"  # a kind that Herald has no word for


_WordT = TypeVar("_WordT", bound=StrEnum)


def _unknown_as(fallback: _WordT) -> BeforeValidator:
    """Read a newer peer's word as `fallback`: a rolling deploy must not dead-letter it."""
    known = {word.value for word in type(fallback)}

    def read(value: object) -> object:
        return value if isinstance(value, str) and value in known else fallback

    return BeforeValidator(read)


LenientStatus = Annotated[Status, _unknown_as(Status.OTHER)]
LenientFailureClass = Annotated[FailureClass, _unknown_as(FailureClass.PERMANENT)]
LenientLane = Annotated[Lane, _unknown_as(Lane.NORMAL)]
LenientInboundKind = Annotated[InboundKind, _unknown_as(InboundKind.OTHER)]
LenientMediaKind = Annotated[MediaKind, _unknown_as(MediaKind.DOCUMENT)]
LenientMediaPlace = Annotated[MediaPlace, _unknown_as(MediaPlace.PROVIDER)]
LenientSenderKind = Annotated[SenderKind, _unknown_as(SenderKind.OTHER)]
LenientChoiceKind = Annotated[ChoiceKind, _unknown_as(ChoiceKind.OTHER)]
LenientAccountTopic = Annotated[AccountTopic, _unknown_as(AccountTopic.OTHER)]
LenientSuppressionReason = Annotated[SuppressionReason, _unknown_as(SuppressionReason.OTHER)]
LenientPreferenceValue = Annotated[PreferenceValue, _unknown_as(PreferenceValue.OTHER)]
