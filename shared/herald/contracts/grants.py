"""A place in the queue of a limit, which work keeps while it is with the router."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Grant(BaseModel):
    """What a worker gives to work that it returns for a limit, and reads when the work comes again.

    The router hands it back as it is. Its holder need not queue again.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    key: str  # of the limit
    at: datetime  # when its turn is expected, by the database's clock
