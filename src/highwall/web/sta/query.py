"""The options of a query, read from a request; what is not offered is refused in words."""

from typing import Annotated, Final, NamedTuple

from fastapi import Depends, Query, Request

from highwall.core.errors import QueryError
from highwall.web.sta.expansion import MOST_TOP, USUAL_TOP, Expansion, parse_expand, parse_select
from highwall.web.sta.filters import EVERYTHING, Filter, parse

_OF_ONE: Final = ("$select", "$expand")
_OF_SET: Final = (*_OF_ONE, "$filter", "$top", "$orderby", "$count", "$skiptoken")
_REFUSED: Final = {
    "$skip": "$skip is not offered: it reads all that it leaves out; follow @iot.nextLink, or bound a time in $filter.",
}
_Select = Annotated[str | None, Query(alias="$select", max_length=500, description="properties to tell")]
_Expand = Annotated[
    str | None,
    Query(alias="$expand", max_length=1000, description="what to tell with it: Datastreams($expand=Observations)"),
]


class Shape(NamedTuple):
    """What is told of each entity."""

    base: str
    select: frozenset[str]
    expand: tuple[Expansion, ...]


class Asked(NamedTuple):
    """What a request asks of a set of entities."""

    shape: Shape
    wanted: Filter
    order: str
    top: int
    after: str | None
    is_counted: bool
    query: dict[str, str]
    """As it came, for the address of the next page."""

    @property
    def base(self) -> str:
        """Address of the interface."""
        return self.shape.base


def base_of(request: Request) -> str:
    """Address under which the interface was asked."""
    return f"{str(request.base_url).rstrip('/')}/sta/v1.1"


def shape(request: Request, select: _Select = None, expand: _Expand = None) -> Shape:
    """Read the options of a query for one entity.

    Raises
    ------
    QueryError
        An option is not offered here.
    """
    _check_offered(request, _OF_ONE)
    return _shape(request, select, expand)


def asked(
    request: Request,
    select: _Select = None,
    expand: _Expand = None,
    wanted: Annotated[str | None, Query(alias="$filter", max_length=2000)] = None,
    top: Annotated[int, Query(alias="$top", ge=0, le=MOST_TOP)] = USUAL_TOP,
    order: Annotated[str, Query(alias="$orderby", max_length=100)] = "",
    after: Annotated[str | None, Query(alias="$skiptoken", max_length=100, pattern=r"^[A-Za-z0-9_.-]+$")] = None,
    count: Annotated[bool, Query(alias="$count")] = False,
) -> Asked:
    """Read the options of a query for a set.

    Raises
    ------
    QueryError
        An option is not offered here.
    """
    _check_offered(request, _OF_SET)
    query = {name: value for name, value in request.query_params.items() if name != "$skiptoken"}
    filtered = parse(wanted) if wanted else EVERYTHING
    return Asked(_shape(request, select, expand), filtered, order.strip(), top, after, count, query)


def is_downward(order: str, key: str) -> bool:
    """Whether an order is downward.

    Raises
    ------
    QueryError
        It is by something else than the key.
    """
    path, _, direction = order.strip().partition(" ")
    offered = ("", "asc") if key == "id" else ("", "asc", "desc")
    if path not in ("", key) or direction.strip() not in offered:
        raise QueryError(f"$orderby {order[:80]!r} is not offered; this set is in order of {key}.")
    return direction.strip() == "desc"


Options = Annotated[Asked, Depends(asked)]
Shaped = Annotated[Shape, Depends(shape)]


def _shape(request: Request, select: str | None, expand: str | None) -> Shape:
    return Shape(
        base_of(request), parse_select(select) if select else frozenset(), parse_expand(expand) if expand else ()
    )  # fmt: skip


def _check_offered(request: Request, offered: tuple[str, ...]) -> None:
    foreign = [name for name in request.query_params if name not in offered]
    if not foreign:
        return
    if foreign[0] in _REFUSED:
        raise QueryError(_REFUSED[foreign[0]])
    raise QueryError(f"{', '.join(name[:40] for name in foreign[:5])} is not offered; use {', '.join(offered)}.")
