"""What lies within a person's reach: assets, and the things whose datastreams are theirs."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection

from highwall.core.errors import MissingInputError
from highwall.twin.roles import Action, Person, Reach
from highwall.twin.sql import tags, things
from highwall.twin.sql.things import Asset


class Owner(NamedTuple):
    """Whose something is."""

    asset_id: str | None
    location_id: str | None


NOBODY = Owner(None, None)
"""Things bound to no asset concern only those who reach the whole site."""


def asset_in_reach(store: Connection, person: Person, action: Action, asset_id: str) -> Asset:
    """Return one asset.

    Raises
    ------
    MissingInputError
        There is none of this id.
    AccessError
        It is not within reach.
    """
    found = things.asset(store, asset_id)
    if found is None:
        raise MissingInputError(f"no asset {asset_id!r}; GET /api/assets lists those within your reach.")
    person.check(action, asset_id=found.id, location_id=found.location_id, what=f"asset {found.id}")
    return found


def assets_in_reach(store: Connection, person: Person, action: Action, *, after: str = "", limit: int) -> list[Asset]:
    """Return the assets in use within reach, in the order of their ids."""
    if person.rights[action] is Reach.OWN:
        own = things.asset(store, person.asset_id) if person.asset_id and person.asset_id > after else None
        return [own] if own is not None and not own.is_retired else []
    return things.assets(store, after=after, limit=limit, locations=person.locations)


def n_assets_in_reach(store: Connection, person: Person, action: Action) -> int:
    """How many assets in use are within reach."""
    if person.rights[action] is Reach.OWN:
        return len(assets_in_reach(store, person, action, limit=1))
    return things.count_assets(store, locations=person.locations)


def things_in_reach(store: Connection, person: Person, action: Action) -> list[str] | None:
    """Return the ids of assets within reach and of every tag they ever had; None: everything is within reach."""
    if person.rights[action] is Reach.SCOPE and person.locations is None:
        return None
    found = [asset.id for asset in assets_in_reach(store, person, action, limit=_MOST)]
    return found + [one.tag_id for bound in tags.tags_of(store, found).values() for one in bound]


def owners_of(store: Connection, names: Iterable[str]) -> dict[str, Owner]:
    """Return whose each thing is, an asset itself or a tag of one; things of nobody are left out."""
    wanted = set(names)
    by_tag = tags.owners(store, wanted)
    assets = {name: things.asset(store, by_tag.get(name, name)) for name in wanted}
    return {name: Owner(asset.id, asset.location_id) for name, asset in assets.items() if asset is not None}


_MOST = 100_000
"""Assets of one person's scope that are looked at."""
