"""What every part of a client file is built of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Word = Annotated[str, Field(min_length=1, max_length=200)]


class Part(BaseModel):
    """A mapping of the client file: unknown keys refused, types strict, NaN and infinity refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)
