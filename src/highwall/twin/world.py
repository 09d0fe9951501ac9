"""The world as the engine works it out: everything that was said so far, in memory, with the clock as an argument.

What comes in is readings and events of one message, people's acts, other criteria, another registry, and time. What
changed is gathered until it is written down. Nothing here reads a store or a clock: the same words at the same times
give the same states and the same alarms, in one batch or a thousand.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

import msgspec

from highwall.telemetry.messages import Reading, Result
from highwall.telemetry.neighbourhoods import Neighbourhoods
from highwall.telemetry.qc import Flag, Verdict, judge
from highwall.telemetry.qc_options import QcOptions
from highwall.twin.bodies import WORN_BY
from highwall.twin.changes import Kept, Source
from highwall.twin.channels import Channel, ChannelMemory, Thing
from highwall.twin.criteria import Criteria
from highwall.twin.engine_options import EngineOptions
from highwall.twin.ground import Ground, own_criteria
from highwall.twin.registry import Registry
from highwall.twin.sightings import Seen, Tap
from highwall.twin.state import Stamp, Told
from highwall.twin.tracking import Tracker
from highwall.twin.watch import Subject

ESTIMATE: Final = "estimate"
"""Qualifier under which stands what the neighbours of a sensor lead to expect, where its reading is in doubt."""


class World(Ground):
    """One site, as everything that was said leads to."""

    def __init__(
        self,
        criteria: Criteria,
        *,
        version: int,
        registry: Registry,
        options: EngineOptions,
        now_us: int,
        qc_options: Mapping[str, QcOptions] | None = None,
        remembered: Mapping[str, ChannelMemory] | None = None,
        hoods: Neighbourhoods | None = None,
    ) -> None:
        """Begin with nothing known but what is remembered.

        Parameters
        ----------
        qc_options
            Limits of datastreams that have other ones than their property's.
        hoods
            Groups of sensors that are asked about one another; None: no sensor has neighbours.
        """
        super().__init__(criteria, version=version, registry=registry, options=options, now_us=now_us)
        self.hoods = hoods
        self.channels: dict[str, Channel] = {}
        self.tracker = Tracker(options.rssi, every_us=round(options.fix_every_s * 1e6))
        self._qc_options = qc_options or {}
        self._remembered = dict(remembered or {})
        self._things: dict[str, Thing] = {}

    def begin(self) -> None:
        """Listen for what the registry knows, once everything remembered has been put back."""
        self.lookout.hearing.unwatched = self.book.unheard("gateway")
        self.take_registry(self.registry)

    def take_readings(self, source: Source, first: int, readings: Sequence[Reading], *, received_us: int) -> None:
        """Take the readings of one message in, which are numbered from ``first``."""
        now_us, newest = self.clock_us, 0
        heard: dict[Thing, Stamp] = {}
        for number, reading in enumerate(readings, start=first):
            channel = self.channels.get(reading.datastream) or self._channel(reading.datastream)
            verdict = self._judge(channel, reading, received_us)
            channel.qc, flag, at_us = verdict.state, int(verdict.flag), reading.phenomenon_us
            self.changes.channels.add(channel.name)
            kept = Kept(channel.name, at_us, source.stream_id, number, reading.result, flag, received_us)
            self.changes.readings.append(kept)
            if verdict.estimate is not None:
                self.changes.estimates.append(_estimate(kept, verdict.estimate))
            if channel.taps:
                seen = Seen(channel.name, at_us, reading.result, flag)
                self._follow(self.lookout.on_reading(channel.taps, seen, now_us=now_us))
            if flag == Flag.FAIL:
                self.changes.n_failed += 1
                continue
            stamp = Stamp(at_us, source.name, number)
            if stamp > channel.stamp:
                channel.stamp, channel.result, channel.flag = stamp, reading.result, flag
            newest = max(newest, at_us)
            if channel.thing not in heard or heard[channel.thing] < stamp:
                heard[channel.thing] = stamp
            if channel.thing.asset_id is not None:
                self._about_asset(channel, reading.result, stamp)
        self._heard_things(source, heard)
        self._heard_gateway(source.gateway, newest)

    def take_criteria(self, criteria: Criteria, *, version: int) -> None:
        """Put other criteria in force from now on."""
        turns = self.lookout.change(own_criteria(criteria), now_us=self.clock_us)
        self._in_force(criteria, version)
        self._follow(turns)
        self._tap_anew()
        self._listen()
        self._tell_states()
        self._follow(self.lookout.judge_all(now_us=self.clock_us))

    def take_registry(self, registry: Registry) -> None:
        """Take it that tags, places, zones, findings or gateways are others now."""
        gone = {finding.finding_id: finding for finding in self.registry.findings}
        self.registry = registry
        found = self._move_things()
        self._whereabouts.lay_out(registry.areas)
        self._let_go(self.states.keys() - registry.assets.keys())
        self._follow(self.lookout.miss_only(registry.gateways, now_us=self.clock_us))
        self._follow(self.lookout.follow_only(registry.assets.keys(), now_us=self.clock_us))
        self._tap_anew()
        wanted = {name: channel.taps for name, channel in self.channels.items()}
        self._follow(self.lookout.drop_inputs(wanted, now_us=self.clock_us))
        self._listen()
        for finding in registry.findings:
            gone.pop(finding.finding_id, None)
            self._follow(self.lookout.on_finding(finding, now_us=self.clock_us))
        for finding in gone.values():
            self._follow(self.lookout.on_finding(finding._replace(state="closed"), now_us=self.clock_us))
        for asset_id in sorted(self.states):
            asset = registry.assets.get(asset_id)
            if asset is not None and asset.kind != self.states[asset_id].kind:
                self.states[asset_id] = msgspec.structs.replace(self.states[asset_id], kind=asset.kind)
                self.changes.states.add(asset_id)
            self._placed(self.states[asset_id])
        self._tell_facts(found)
        self._follow(self.lookout.leave_all_but(self._whereabouts.inside, now_us=self.clock_us))

    def advance(self, now_us: int) -> None:
        """Let time pass: every timer rings at its own time, the earliest first."""
        while (due_us := self._next_due()) is not None and due_us <= now_us:
            self.clock_us = max(self.clock_us, due_us)
            for word in self.bodies.on_clock(due_us):
                if word.asset_id in self.registry.assets:
                    self._tell(word.asset_id, word.told)
            self._follow(self.lookout.on_clock(due_us))
            self.book.on_clock(due_us)
        self.clock_us = max(self.clock_us, now_us)

    def channel_of(self, datastream: str) -> Channel:
        """Channel of a datastream, made where there is none yet."""
        return self.channels.get(datastream) or self._channel(datastream)

    def _channel(self, name: str) -> Channel:
        thing_name = name.partition("/")[0]
        thing = self._things.get(thing_name)
        if thing is None:
            thing = self._things[thing_name] = Thing(thing_name, self.registry.belongs(thing_name))
            self.lookout.expect(Subject("sensor", thing_name), "", now_us=self.clock_us)
        memory = self._remembered.pop(name, None) or ChannelMemory()
        channel = Channel(name, thing, options=self._qc_options.get(name), memory=memory)
        channel.taps = self._taps_of(channel)
        self.channels[name] = channel
        return channel

    def _judge(self, channel: Channel, reading: Reading, received_us: int) -> Verdict:
        """Judge a reading by those before it, and by its neighbours where it has any."""
        opinion = None
        if self.hoods is not None:
            opinion = self.hoods.hear(reading, options=channel.options, received_us=received_us)
        return judge(channel.qc, reading, options=channel.options, received_us=received_us, opinion=opinion)

    def _move_things(self) -> set[str]:
        """Take it whose things are now, and give those that were nobody's before."""
        found = set()
        for thing in self._things.values():
            was_nobodys = thing.asset_id is None
            thing.moved_to(self.registry.belongs(thing.name))
            if was_nobodys and thing.asset_id is not None:
                found.add(thing.name)
        return found

    def _tell_facts(self, things: AbstractSet[str]) -> None:
        """Tell assets what the things that now speak for them said last."""
        for channel in self.channels.values() if things else ():
            if channel.thing.name in things and channel.is_fact and channel.result is not None:
                self._tell(channel.thing.asset_id or "", Told(channel.observed, channel.result, channel.stamp))

    def _about_asset(self, channel: Channel, result: Result, stamp: Stamp) -> None:
        """Take what a reading says about the asset that its thing speaks for."""
        thing = channel.thing
        if channel.is_fact and result is not None:
            self._tell(thing.asset_id or "", Told(channel.observed, result, stamp))
        elif channel.observed == "acceleration":
            if thing.asset_kind in WORN_BY and isinstance(result, list) and len(result) == 3:
                sample = (result[0], result[1], result[2])
                words = self.bodies.on_sample(
                    thing.name, thing.asset_id or "", thing.asset_kind, sample=sample, stamp=stamp,
                    now_us=self.clock_us,
                )  # fmt: skip
                for word in words:
                    self._tell(word.asset_id, word.told)
        elif channel.observed == "rssi" and isinstance(result, float):
            self._located(channel, result, stamp)

    def _located(self, channel: Channel, rssi_dbm: float, stamp: Stamp) -> None:
        place = self.tracker.on_rssi(
            channel.thing.name, channel.qualifier, rssi_dbm, at_us=stamp.at_us, beacons=self.registry.beacons
        )
        if place is not None:
            asset_id, source = channel.thing.asset_id or "", f"{stamp.source}~rssi"
            at = Stamp(place.at_us, source, stamp.number)
            self._tell(asset_id, Told("position_radius", place.radius_m, at))
            self._tell(asset_id, Told("position", [place.lon, place.lat, place.height_m], at))

    def _heard_things(self, source: Source, heard: Mapping[Thing, Stamp]) -> None:
        hearing, now_us = self.lookout.hearing, self.clock_us
        for thing, stamp in heard.items():
            hearing.via[thing.name] = source.gateway
            self.changes.heard.add(thing.sensor_key)
            for key in (thing.sensor_key, thing.asset_key):
                if key:
                    hearing.word[key] = now_us
                    hearing.data[key] = max(hearing.data.get(key, 0), stamp.at_us)
                    self._follow(self.lookout.on_word(key, now_us=now_us))
            if thing.asset_id is not None:
                hearing.via[thing.asset_id] = source.gateway
                self.changes.heard.add(thing.asset_key)
                self._tell(thing.asset_id, Told("gateway", source.gateway, stamp))

    def _listen(self) -> None:
        """Expect words of gateways that were let in, and of assets that wear a tag."""
        for gateway in sorted(self.registry.gateways):
            self.lookout.expect(Subject("gateway", gateway), "gateway", now_us=self.clock_us)
        for asset_id in sorted(set(self.registry.owners.values()) & self.registry.assets.keys()):
            kind = self.registry.assets[asset_id].kind
            self.lookout.expect(Subject("asset", asset_id), kind, now_us=self.clock_us)
        for thing in sorted(self._things):
            self.lookout.expect(Subject("sensor", thing), "", now_us=self.clock_us)

    def _tap_anew(self) -> None:
        """Ask again which watches each datastream feeds; one that feeds a new watch tells it its newest reading."""
        for name in list(self._remembered):
            self._channel(name)
        for channel in self.channels.values():
            channel.taps = self._taps_of(channel)
            fresh = [tap for tap in channel.taps if self._is_untold(tap, channel.name)]
            seen = channel.seen
            if fresh and seen is not None:
                self._follow(self.lookout.on_reading(fresh, seen, now_us=self.clock_us, is_new=False))

    def _is_untold(self, tap: Tap, datastream: str) -> bool:
        memory = self.lookout.watches.get(tap.key)
        return memory is None or any(datastream not in memory.inputs[feed.leaf_number] for feed in tap.feeds)

    def _taps_of(self, channel: Channel) -> tuple[Tap, ...]:
        return self.lookout.taps(channel.name, channel.observed, channel.qualifier, channel.thing.belongs)

    def _next_due(self) -> int | None:
        dues = (self.bodies.next_due(), self.lookout.next_due(), self.book.next_due())
        return min((due for due in dues if due is not None), default=None)


def _estimate(kept: Kept, value: float) -> Kept:
    """What neighbours expect in place of a reading, beside it under a name of its own."""
    name = f"{kept.datastream}/{ESTIMATE}"
    return kept._replace(datastream=name, result=value, flag=int(Flag.NOT_EVALUATED))
