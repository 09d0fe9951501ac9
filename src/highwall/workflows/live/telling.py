"""From what the engine changed to what is told live, and to other systems: assets, alarms, newest values, gateways."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection

from highwall.twin.alarm import Alarm
from highwall.twin.changes import Kept
from highwall.twin.engine import Stepped
from highwall.twin.sql import alarms, datastreams, gateways, observations, things
from highwall.twin.sql.changelog import Touched
from highwall.twin.sql.datastreams import Datastream
from highwall.twin.sql.observations import Row, as_stored
from highwall.twin.state import AssetState
from highwall.web.alarm_showing import shown_alarms
from highwall.web.instants import iso
from highwall.web.live import LATEST_MOST, Change, Topic
from highwall.web.reach import NOBODY, Owner, owners_of
from highwall.web.routes.gateways import shown_gateway
from highwall.web.showing import change_of, change_to, gone_of, shown_assets, shown_state


class Teller:
    """Makes changes for the hub; remembers whose each datastream is, which hardly ever changes."""

    def __init__(self) -> None:
        self._streams: dict[str, tuple[int, Owner]] = {}
        self._gateways: dict[str, Mapping[str, Any]] = {}

    def everything(self, store: Connection, *, now_us: int) -> list[Change]:
        """All assets, open alarms and gateways, as a browser needs them that comes anew; and which assets are gone."""
        found = things.assets(store, limit=_MOST, with_retired=True)
        shown = shown_assets(store, [asset for asset in found if not asset.is_retired], now_us=now_us)
        changes = [gone_of(asset) for asset in found if asset.is_retired] + [change_of(told) for told in shown]
        open_now = alarms.page(store, is_open=True, limit=_MOST)
        return changes + [one.change for one in shown_alarms(store, open_now)] + self.of_gateways(store, now_us=now_us)

    def of_step(self, store: Connection, stepped: Stepped, *, now_us: int) -> list[Change]:
        """What one step of the engine changed."""
        changes = self.of_states(store, stepped.states, now_us=now_us) + self._of_readings(store, stepped.readings)
        return changes + self.of_alarms(store, stepped.alarms)

    def of_others(self, store: Connection, touched: Touched, *, now_us: int) -> list[Change]:
        """What another process changed, as it stands in the store."""
        assets = [asset for one in touched.assets if (asset := things.asset(store, one)) is not None]
        shown = shown_assets(store, [asset for asset in assets if not asset.is_retired], now_us=now_us)
        changes = [gone_of(asset) for asset in assets if asset.is_retired] + [change_of(told) for told in shown]
        found = alarms.numbered(store, touched.alarms)
        none = sorted(set(touched.alarms) - {alarm.alarm_id for alarm in found})
        changes += self.of_alarms(store, found) + [_no_alarm(number) for number in none]
        streams = {one.id: one for one in datastreams.of_numbers(store, touched.datastreams)}
        known = self._streams  # another thread may put an empty one in its place
        _get_to_know(store, known, streams.values())
        newest = observations.latest(store, streams)
        return changes + [_of_latest(row, known[streams[one].name][1]) for one, row in newest.items()]

    def missed(self, store: Connection, *, lasting: Iterable[int], since_us: int, now_us: int) -> list[Change]:
        """Alarms that were told and had not ended, as they are now, and newest values that came after then."""
        streams = tuple(observations.changed_since(store, since_us, limit=LATEST_MOST))
        return self.of_others(store, Touched((), tuple(lasting), streams), now_us=now_us)

    def of_states(self, store: Connection, states: Mapping[str, AssetState], *, now_us: int) -> list[Change]:
        """States of assets that changed."""
        changes = []
        for asset_id, state in states.items():
            asset = things.asset(store, asset_id)
            if asset is not None and not asset.is_retired:
                told = shown_state(asset, msgspec.json.encode(state), now_us=now_us)
                changes.append(change_to(told, asset_id=asset.id, location_id=asset.location_id))
        return changes

    def of_alarms(self, store: Connection, changed: Iterable[Alarm]) -> list[Change]:
        """Alarms that changed, whole."""
        return [one.change for one in shown_alarms(store, list(changed))]

    def of_gateways(self, store: Connection, *, now_us: int) -> list[Change]:
        """Gateways of which there is something else to tell than when this was asked before."""
        changes = []
        for one in gateways.gateways(store, limit=_MOST):
            told = shown_gateway(store, one, now_us=now_us).model_dump(mode="json")
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
        _get_to_know(store, known, new)
        return [_of_reading(kept, *known[name]) for name, kept in readings.items() if name in known]


_MOST = 100_000
"""Assets, alarms or gateways that are told at once."""


def _get_to_know(store: Connection, known: dict[str, tuple[int, Owner]], streams: Iterable[Datastream]) -> None:
    """Look up whose datastreams are that are not known yet."""
    new = [one for one in streams if one.name not in known]
    owners = owners_of(store, {one.thing for one in new})
    known.update({one.name: (one.id, owners.get(one.thing, NOBODY)) for one in new})


def _no_alarm(number: int) -> Change:
    """Tell those who watch that an alarm is none any more, as after the past was worked out again."""
    return Change(Topic.ALARMS, str(number), {"id": number, "state": None}, is_over=True)


def _of_reading(kept: Kept, number: int, owner: Owner) -> Change:
    value, text = as_stored(kept.result)
    row = Row(number, kept.at_us, kept.stream_id, kept.number, value, text, int(kept.flag), kept.received_us)
    return _of_latest(row, owner)


def _of_latest(row: Row, owner: Owner) -> Change:
    content = {
        "datastream_id": row.datastream_id, "value": row.value, "text": row.text, "at": iso(row.phenomenon_us),
        "flag": row.flag,
    }  # fmt: skip
    return Change(Topic.LATEST, str(row.datastream_id), content, owner.asset_id, owner.location_id)
