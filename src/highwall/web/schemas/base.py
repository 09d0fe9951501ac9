"""What the models of all nouns share."""

from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
"""Id of an asset, a location, a tag, a gateway."""
Line = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]+$")
]
"""One line of text, without the signs that would show it in another order than it has."""
Note = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
"""Why someone does something; never empty."""
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
"""Number of a row, in an address."""
After = Annotated[int | None, Query(ge=0, le=2**31 - 1, description="number behind which the page begins")]
Limit = Annotated[int, Query(ge=1, le=1000, description="most rows of the page")]


class Given(BaseModel):
    """Part of a request."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Told(BaseModel):
    """Part of an answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Problem(Told):
    """What went wrong, and what helps."""

    what: str
    cure: str


class Failure(Told):
    """Answer to a request that failed."""

    error: Problem


class Done(Told):
    """Answer to a request that leaves nothing to tell."""

    done: bool = True


class Why(Given):
    """Why someone decides."""

    why: Note
