"""The base of every model that crosses a process."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """An immutable value. Unknown fields are ignored, so that old and new workers can read each other's histories."""

    model_config = ConfigDict(frozen=True, extra="ignore")
