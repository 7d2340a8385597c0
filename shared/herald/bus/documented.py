"""What AsyncAPI shows of a batch subscriber: one message's payload, not the list of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from faststream._internal.endpoint.subscriber.call_item import CallsCollection
from faststream.rabbit.subscriber.config import (
    RabbitSubscriberConfig,
    RabbitSubscriberSpecificationConfig,
)
from faststream.rabbit.subscriber.specification import RabbitSubscriberSpecification
from faststream.specification.asyncapi.message import get_model_schema
from pydantic import BaseModel, create_model


class BatchSpecification(RabbitSubscriberSpecification):
    """Documents the payload of one message; FastStream would document a list of them."""

    __slots__ = ("models",)

    models: Sequence[type[BaseModel]]

    def get_payloads(self) -> list[tuple[dict[str, Any], str]]:
        return [(_schema(model), model.__name__) for model in self.models]


def specification_of(
    config: RabbitSubscriberConfig,
    models: Sequence[type[BaseModel]],
    *,
    title: str,
    description: str,
) -> BatchSpecification:
    """Describe a subscription."""
    specification = BatchSpecification(
        _outer_config=config._outer_config,  # noqa: SLF001  where FastStream keeps it
        specification_config=RabbitSubscriberSpecificationConfig(
            title_=title,
            description_=description,
            include_in_schema=True,
            queue=config.queue,
            exchange=config.exchange,
        ),
        calls=CallsCollection[Any](),
    )
    specification.models = tuple(models)
    return specification


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return get_model_schema(create_model("", payload=(model, ...)))
