"""What a client file may say of what answers today: host, model, and what was promised for it."""

from typing import Annotated

from pydantic import Field

from llmcost.inputs.client_types import CERTAINLY_ZERO, Amount, Fraction, Part, Word


class Commitment(Part):
    """This work's share of what is promised to today's provider, and what the promise takes off its
    list prices.

    months_left  how long it still binds, the whole horizon where nothing is said; 0 can be left
                 now. Then it is renewed where that pays
    """

    usd_per_month: Amount
    discount_fraction: Fraction = CERTAINLY_ZERO
    months_left: Annotated[int, Field(ge=0, le=120)] | None = None


class Today(Part):
    """The host and the model that answer these requests now."""

    provider: Word
    model_id: Word
    commitment: Commitment | None = None
