"""From what the engine changed to what is told live, and to other systems: assets, alarms, newest values, gateways."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection

from highwall.twin.alarms import Alarm
from highwall.twin.changes import Kept
from highwall.twin.engine import Stepped
from highwall.twin.sql import alarms, datastreams, gateways, things
from highwall.twin.sql.observations import as_stored
from highwall.twin.sql.things import Asset
from highwall.twin.state import AssetState
from highwall.web.alarm_showing import shown_alarms
from highwall.web.instants import iso
from highwall.web.live import Change, Topic
from highwall.web.reach import NOBODY, Owner, owners_of
from highwall.web.routes.gateways import shown_gateway
from highwall.web.showing import change_of, shown_assets, shown_state


class Teller:
    """Makes changes for the hub; remembers whose each datastream is, which hardly ever changes."""

    def __init__(self) -> None:
        self._streams: dict[str, tuple[int, Owner]] = {}
        self._gateways: dict[str, Mapping[str, Any]] = {}

    def everything(self, store: Connection, *, now_us: int) -> list[Change]:
        """All assets, open alarms and gateways, as a browser needs them that comes anew."""
        found = things.assets(store, limit=_MOST)
        shown = shown_assets(store, found, now_us=now_us)
        changes = [change_of(told) for told in shown]
        open_now = alarms.page(store, is_open=True, limit=_MOST)
        return changes + [one.change for one in shown_alarms(store, open_now)] + self.of_gateways(store)

    def of_step(self, store: Connection, stepped: Stepped, *, now_us: int) -> list[Change]:
        """What one step of the engine changed."""
        changes = self.of_states(store, stepped.states, now_us=now_us) + self._of_readings(store, stepped.readings)
        return changes + self.of_alarms(store, stepped.alarms)

    def of_states(self, store: Connection, states: Mapping[str, AssetState], *, now_us: int) -> list[Change]:
        """States of assets that changed."""
        changes = []
        for asset_id, state in states.items():
            asset = things.asset(store, asset_id)
            if asset is not None:
                told = shown_state(asset, msgspec.json.encode(state), now_us=now_us)
                changes.append(_of_asset(asset, told.model_dump(mode="json")))
        return changes

    def of_alarms(self, store: Connection, changed: Iterable[Alarm]) -> list[Change]:
        """Alarms that changed, whole."""
        return [one.change for one in shown_alarms(store, list(changed))]

    def of_gateways(self, store: Connection) -> list[Change]:
        """Gateways whose last word is another than when this was asked before."""
        changes = []
        for one in gateways.gateways(store, limit=_MOST):
            told = shown_gateway(store, one).model_dump(mode="json")
            if self._gateways.get(one.id) != told:
                self._gateways[one.id] = told
                changes.append(Change(Topic.GATEWAYS, one.id, told, None, one.location_id))
        return changes

    def forget_owners(self) -> None:
        """Look up again whose datastreams are, as after a tag was claimed."""
        self._streams = {}

    def _of_readings(self, store: Connection, readings: Mapping[str, Kept]) -> list[Change]:
        known = self._streams  # another thread may put an empty one in its place
        new = [one for name in readings if name not in known and (one := datastreams.named(store, name)) is not None]
        owners = owners_of(store, {one.thing for one in new})
        known.update({one.name: (one.id, owners.get(one.thing, NOBODY)) for one in new})
        return [_of_reading(kept, *known[name]) for name, kept in readings.items() if name in known]


_MOST = 100_000
"""Assets, alarms or gateways that are told at once."""


def _of_asset(asset: Asset, state: Mapping[str, Any]) -> Change:
    return Change(Topic.ASSETS, asset.id, {"id": asset.id, "state": state}, asset.id, asset.location_id)


def _of_reading(kept: Kept, number: int, owner: Owner) -> Change:
    value, text = as_stored(kept.result)
    content = {"datastream_id": number, "value": value, "text": text, "at": iso(kept.at_us), "flag": int(kept.flag)}
    return Change(Topic.LATEST, str(number), content, owner.asset_id, owner.location_id)
