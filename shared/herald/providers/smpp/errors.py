"""What an SMSC's `command_status` means, and the error codes of receipts.

Source: SMPP 3.4, section 5.1.3; for the network's codes 3GPP TS 29.002, section 17.6.6 (MAP
errors). Codes from 0x400 to 0x4FF are each vendor's own: an account's `command_errors` names them.
"""

from __future__ import annotations

from collections.abc import Mapping

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.providers.budgets import Scope

UNREACHABLE = FailureClass.UNREACHABLE
PERMANENT = FailureClass.PERMANENT
TRANSIENT = FailureClass.TRANSIENT
RATE_LIMITED = FailureClass.RATE_LIMITED
AUTH = FailureClass.AUTH

OK = 0x00
BAD_LENGTH = 0x02
UNKNOWN_COMMAND = 0x03
ALREADY_BOUND = 0x05
QUEUE_FULL = 0x14
THROTTLED = 0x58
TRY_AGAIN = 0x64  # what we answer where the SMSC is to send something again

COMMAND_STATUSES: dict[str, FailureClass] = {
    "0x01": PERMANENT,  # message length is invalid
    "0x02": PERMANENT,  # command length is invalid
    "0x03": PERMANENT,  # command is invalid
    "0x04": TRANSIENT,  # not bound so that it could be done
    "0x05": TRANSIENT,  # already bound
    "0x06": PERMANENT,  # priority is invalid
    "0x07": PERMANENT,  # registered_delivery is invalid
    "0x08": TRANSIENT,  # system error
    "0x0A": PERMANENT,  # source address is invalid
    "0x0B": UNREACHABLE,  # destination address is invalid
    "0x0C": PERMANENT,  # message id is invalid
    "0x0D": AUTH,  # bind failed
    "0x0E": AUTH,  # password is wrong
    "0x0F": AUTH,  # system_id is unknown
    "0x11": PERMANENT,  # cancel_sm failed
    "0x13": PERMANENT,  # replace_sm failed
    "0x14": RATE_LIMITED,  # the message queue is full
    "0x15": PERMANENT,  # service_type is invalid
    "0x33": PERMANENT,  # number of destinations is invalid
    "0x34": PERMANENT,  # no such distribution list
    "0x40": PERMANENT,  # destination flag is invalid
    "0x42": PERMANENT,  # submit with replace is invalid
    "0x43": PERMANENT,  # esm_class is invalid
    "0x44": PERMANENT,  # may not send to the distribution list
    "0x45": TRANSIENT,  # the submit failed, for no reason given
    "0x48": PERMANENT,  # source TON is invalid
    "0x49": PERMANENT,  # source NPI is invalid
    "0x50": UNREACHABLE,  # destination TON is invalid
    "0x51": UNREACHABLE,  # destination NPI is invalid
    "0x53": AUTH,  # system_type is invalid
    "0x54": PERMANENT,  # replace_if_present is invalid
    "0x55": PERMANENT,  # number of messages is invalid
    "0x58": RATE_LIMITED,  # faster than allowed
    "0x61": PERMANENT,  # scheduled time is invalid
    "0x62": PERMANENT,  # validity period is invalid
    "0x63": PERMANENT,  # no such predefined message
    "0x64": TRANSIENT,  # a receiver's temporary error
    "0x65": PERMANENT,  # a receiver's permanent error
    "0x66": PERMANENT,  # a receiver rejects the message
    "0x67": PERMANENT,  # query_sm failed
    "0xC0": PERMANENT,  # the optional part is invalid
    "0xC1": PERMANENT,  # an optional parameter is not allowed
    "0xC2": PERMANENT,  # a parameter's length is invalid
    "0xC3": PERMANENT,  # an optional parameter is missing
    "0xC4": PERMANENT,  # an optional parameter's value is invalid
    "0xFE": UNREACHABLE,  # delivery failure
    "0xFF": PERMANENT,  # unknown error: surely refused, and no more
}

# Of the TLV network_error_code: which kind of network, and the error there.
NETWORKS = {3: "GSM"}
NETWORK_ERRORS: dict[tuple[str, int], FailureClass] = {
    ("GSM", 1): UNREACHABLE,  # unknown subscriber
    ("GSM", 5): UNREACHABLE,  # unidentified subscriber
    ("GSM", 6): UNREACHABLE,  # absent for SMS
    ("GSM", 9): UNREACHABLE,  # illegal subscriber
    ("GSM", 11): UNREACHABLE,  # SMS is not provisioned
    ("GSM", 12): UNREACHABLE,  # illegal equipment
    ("GSM", 13): UNREACHABLE,  # call barred
    ("GSM", 21): UNREACHABLE,  # facility not supported
    ("GSM", 27): UNREACHABLE,  # absent
    ("GSM", 31): TRANSIENT,  # busy
    ("GSM", 32): UNREACHABLE,  # delivery failed on the phone
    ("GSM", 33): TRANSIENT,  # the list of waiting messages is full
    ("GSM", 34): TRANSIENT,  # system failure
    ("GSM", 35): PERMANENT,  # data missing
    ("GSM", 36): PERMANENT,  # unexpected data
}

# Of a receipt that says no more than that it failed.
FAILED_STATES: dict[str, FailureClass] = {
    "EXPIRED": TRANSIENT,  # the validity period ended: switched off, perhaps
    "DELETED": PERMANENT,  # by somebody
    "UNDELIV": UNREACHABLE,  # can't be delivered
    "REJECTD": PERMANENT,  # by the SMSC or the network
    "SKIPPED": PERMANENT,  # SMPP 5.0
}

# Of what an SMSC throttles nothing but the account is known.
SCOPES: dict[str, Scope] = {
    "0x14": Scope.ACCOUNT,
    "0x58": Scope.ACCOUNT,
}
# These say something of the account, or of the network: every other one lies in the message.
_OF_ACCOUNT = frozenset({0x04, 0x05, 0x08, 0x0D, 0x0E, 0x0F, 0x53})


def code_of(status: int) -> str:
    """Write a command_status as people look it up."""
    return f"0x{status:02X}" if status <= 0xFF else f"0x{status:04X}"  # noqa: PLR2004


def refusal(status: int, vendors: Mapping[str, FailureClass]) -> Failure:
    """Return a refusal as a failure; `vendors` are the account's own words for codes."""
    code = code_of(status)
    known = COMMAND_STATUSES.get(code, PERMANENT)
    return Failure.of(vendors.get(code, known), code)


def is_of_message(status: int, failure: Failure) -> bool:
    """Whether a refusal lies in the message alone."""
    return status not in _OF_ACCOUNT and failure.failure_class not in {AUTH, RATE_LIMITED}


def throttled_scope(status: int, failure: Failure) -> Scope | None:
    """Return what a refusal throttles; None where it throttles nothing."""
    if failure.failure_class is not RATE_LIMITED:
        return None
    return SCOPES.get(code_of(status), Scope.ACCOUNT)
