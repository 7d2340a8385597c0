"""A failure as the bus carries it: its class, the provider's code, and words without addresses."""

from __future__ import annotations

import operator
from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field

from herald.contracts.durations import Duration
from herald.contracts.redaction import redact_prose
from herald.contracts.vocabulary import Category, FailureClass, LenientFailureClass


class Failure(BaseModel):
    """Why an attempt failed. `code` is the provider's own, or one of ours such as `no_account`."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, populate_by_name=True, serialize_by_alias=True
    )

    failure_class: LenientFailureClass = Field(
        alias="class", serialization_alias="class", description="What to do next depends on it."
    )
    code: str = Field(
        default="", max_length=64, description="The provider's own, or one of Herald's."
    )
    text: str = Field(
        default="", max_length=512, description="The provider's words, without addresses or quotes."
    )
    retry_after: Duration | None = Field(
        default=None, description="How long the provider asked us to wait."
    )
    address_gone: bool = Field(
        default=False,
        exclude_if=operator.not_,
        description="The address does not exist, or takes nothing any more: it is suppressed.",
    )
    opted_out_of: Category | None = Field(
        default=None,
        exclude_if=operator.not_,
        description="With `opted_out`: of these messages alone; of all if absent.",
    )

    @classmethod
    def of(
        cls,
        failure_class: FailureClass,
        code: str | int = "",
        text: str = "",
        *,
        retry_after: timedelta | None = None,
        address_gone: bool = False,
        opted_out_of: Category | None = None,
    ) -> Failure:
        """Make a failure. What a provider said is masked, and cut to the size we keep."""
        return cls.model_construct(
            failure_class=failure_class,
            code=str(code)[:64],
            text=redact_prose(text)[:512],
            retry_after=retry_after,
            address_gone=address_gone,
            opted_out_of=opted_out_of,
        )
