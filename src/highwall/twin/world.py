"""The world as the engine works it out: everything that was said so far, in memory, with the clock as an argument.

What comes in is readings and events of one message, people's acts, other criteria, another registry, and time. What
changed is gathered until it is written down. Nothing here reads a store or a clock: the same words at the same times
give the same states and the same alarms, in one batch or a thousand.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

import msgspec

from highwall.telemetry.messages import Event, Reading, Result
from highwall.telemetry.neighbourhoods import Neighbourhoods
from highwall.telemetry.qc import Flag, Verdict, judge
from highwall.telemetry.qc_options import QcOptions
from highwall.twin.alarm_book import AlarmBook
from highwall.twin.alarms import Act, Alarm
from highwall.twin.bodies import WORN_BY, Bodies
from highwall.twin.changes import Changes, Kept, LookedAfter, Passed, Reported, Source
from highwall.twin.channels import Channel, ChannelMemory, Thing
from highwall.twin.conditions import StateIs
from highwall.twin.criteria import Criteria
from highwall.twin.engine_options import EngineOptions
from highwall.twin.happenings import happening_of
from highwall.twin.lookout import Lookout
from highwall.twin.registry import Registry
from highwall.twin.rules import Subject, Turn
from highwall.twin.sightings import Seen, Tap
from highwall.twin.state import HEALTHS, MOTIONS, AssetState, Stamp, Told, apply
from highwall.twin.tracking import Tracker, Whereabouts

_AHEAD_US: Final = 60_000_000
"""An event this far in the future of its receiver comes from a wrong clock, and counts as of now."""
_PLACED: Final = frozenset({"position", "position_radius"})
ESTIMATE: Final = "estimate"
"""Qualifier under which stands what the neighbours of a sensor lead to expect, where its reading is in doubt."""


class World:
    """States, watches and alarms of one site."""

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
        self.clock_us = now_us
        self.hoods = hoods
        self.registry = registry
        self.changes = Changes()
        self.states: dict[str, AssetState] = {}
        self.channels: dict[str, Channel] = {}
        self.bodies = Bodies(options.man_down)
        self.lookout = Lookout(_own(criteria), now_us=now_us)
        self.book = AlarmBook()
        self._options = options
        self._qc_options = qc_options or {}
        self._remembered = dict(remembered or {})
        self._things: dict[str, Thing] = {}
        self.tracker = Tracker(options.rssi, every_us=round(options.fix_every_s * 1e6))
        self._whereabouts = Whereabouts()
        self._whereabouts.lay_out(registry.areas)
        self._in_force(criteria, version)

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

    def take_events(self, source: Source, first: int, events: Sequence[Event], *, received_us: int) -> None:
        """Take the events of one message in."""
        for number, event in enumerate(events, start=first):
            at_us = received_us if event.event_us > received_us + _AHEAD_US else event.event_us
            stamp = Stamp(at_us, source.name, number)
            if event.kind in ("man_down", "motion"):
                self._told_by_gateway(event, stamp, source)
            else:
                self._happened(event, stamp, source)
        self._heard_gateway(source.gateway, 0)

    def take_act(self, act: Act) -> None:
        """Carry out what a person did about an alarm; whoever cancels or clears a man-down has looked after him."""
        before = self.book.find(act.alarm_id)
        after = self.book.on_act(act)
        if after is not None and before is not None and before.is_open and not after.is_open:
            self._stood_down(after, act)
        self._watched_again()

    def take_criteria(self, criteria: Criteria, *, version: int) -> None:
        """Put other criteria in force from now on."""
        turns = self.lookout.change(_own(criteria), now_us=self.clock_us)
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
        self._follow(self.lookout.miss_only(registry.gateways, now_us=self.clock_us))
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

    def take_word(self, gateway: str, *, heard_us: int) -> None:
        """Take a gateway's status in: it lives, whatever it brought."""
        key = f"gateway:{gateway}"
        if heard_us > self.lookout.hearing.word.get(key, 0):
            self.lookout.hearing.word[key] = heard_us
            self.changes.heard.add(key)
            self._follow(self.lookout.on_word(key, now_us=self.clock_us))

    def advance(self, now_us: int) -> None:
        """Let time pass: every timer rings at its own time, the earliest first."""
        while (due_us := self._next_due()) is not None and due_us <= now_us:
            self.clock_us = max(self.clock_us, due_us)
            for word in self.bodies.on_clock(due_us):
                self._tell(word.asset_id, word.told)
            self._follow(self.lookout.on_clock(due_us))
            self.book.on_clock(due_us)
        self.clock_us = max(self.clock_us, now_us)

    def state_of(self, asset_id: str) -> AssetState:
        """State of an asset; of one that nothing was heard of, an empty one."""
        known = self.states.get(asset_id)
        if known is None:
            asset = self.registry.assets.get(asset_id)
            known = AssetState(asset_id, asset.kind if asset else "")
        return known

    def restore(self, states: Iterable[AssetState]) -> None:
        """Take up states that were remembered."""
        self.states.update((state.asset_id, state) for state in states)

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

    def _told_by_gateway(self, event: Event, stamp: Stamp, source: Source) -> None:
        asset = self.registry.asset_of(event.subject)
        if asset is None:
            self.changes.reported.append(Reported(source.gateway, event))
            return
        attribute, words = ("health", HEALTHS) if event.kind == "man_down" else ("motion", MOTIONS)
        self.bodies.believe(event.subject, asset.asset_id, asset.kind, of=attribute, gateway=source.gateway)
        word = event.data.get(attribute)
        told = Told(attribute, word if isinstance(word, str) and word in words else "unknown", stamp)
        self._tell(asset.asset_id, told)
        self._tell(asset.asset_id, Told("gateway", source.gateway, stamp))

    def _happened(self, event: Event, stamp: Stamp, source: Source) -> None:
        """Hand an event on, and judge it where somebody must hear of it."""
        self.changes.reported.append(Reported(source.gateway, event))
        happening = happening_of(event)
        if happening is not None:
            now_us = self.clock_us
            self._follow(self.lookout.on_happening(source.gateway, happening, at_us=stamp.at_us, now_us=now_us))

    def _tell(self, asset_id: str, told: Told) -> None:
        """Take one fact in, and to whoever asks for it."""
        before = self.state_of(asset_id)
        after = apply(before, told)
        if after is before:
            return
        self.states[asset_id] = after
        self.changes.states.add(asset_id)
        if after.facts.get(told.attribute) is before.facts.get(told.attribute):
            return
        if told.attribute in _PLACED:
            self._placed(after, passed=told.attribute == "position")
        elif told.attribute in ("health", "motion"):
            self._follow(self.lookout.on_state(after, now_us=self.clock_us))

    def _placed(self, state: AssetState, *, passed: bool = False) -> None:
        place = state.position
        if place is None:
            return
        radius_m = place.radius_m or self._options.radius_m
        if passed:
            self.changes.passed.append(
                Passed(state.asset_id, place.at_us, place.lon, place.lat, place.height_m, radius_m)
            )
        grades = self._whereabouts.moved(state.asset_id, place.lon, place.lat, radius_m)
        if grades:
            turns = self.lookout.on_grades(
                state.asset_id, state.kind, grades, at_us=place.at_us, now_us=self.clock_us
            )  # fmt: skip
            self._follow(turns)

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

    def _heard_gateway(self, gateway: str, newest_us: int) -> None:
        hearing, key = self.lookout.hearing, f"gateway:{gateway}"
        hearing.word[key] = self.clock_us
        self.changes.heard.add(key)
        if newest_us:
            hearing.data[key] = max(hearing.data.get(key, 0), newest_us)
        self._follow(self.lookout.on_word(key, now_us=self.clock_us))

    def _follow(self, turns: Iterable[Turn]) -> None:
        for turn in turns:
            self.book.on_turn(turn)
            if self.book.criteria[turn.criterion].is_about_watching:
                self._watched_again()

    def _watched_again(self) -> None:
        """Note which gateways are known to be silent; what hung on one that is back is judged anew."""
        unheard, known = self.book.unheard("gateway"), self.lookout.hearing.unwatched
        if unheard != known:
            self.lookout.hearing.unwatched = unheard
            if known - unheard:
                self._follow(self.lookout.judge_covered(now_us=self.clock_us))

    def _stood_down(self, alarm: Alarm, act: Act) -> None:
        criterion = self.book.criteria[alarm.criterion]
        is_health = any(isinstance(leaf, StateIs) and leaf.state == "health" for leaf in criterion.leaves())
        if is_health and alarm.subject.kind == "asset":
            asset_id = alarm.subject.subject_id
            self._tell_judges(asset_id, act)
            self.bodies.cancel(asset_id, act.at_us)
            self._tell(asset_id, Told("health", "ok", Stamp(act.at_us, "person", act.act_id)))

    def _tell_judges(self, asset_id: str, act: Act) -> None:
        """Have every gateway told that judges this person's tags: it goes on with what it knows otherwise."""
        known = self.state_of(asset_id).facts.get("health")
        upto_us = act.at_us if known is None else known.stamp.at_us
        self.changes.looked_after += [
            LookedAfter(f"stand-down-{act.act_id}-{place}", gateway, thing, upto_us, act.who)
            for place, (thing, gateway) in enumerate(self.bodies.judges(asset_id))
        ]

    def _in_force(self, criteria: Criteria, version: int) -> None:
        self.book.version = version
        self.book.criteria |= {criterion.id: criterion for criterion in criteria.criteria}

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

    def _tell_states(self) -> None:
        """Tell new watches what is known of assets and findings."""
        for asset_id in sorted(self.states):
            state = self.states[asset_id]
            self._follow(self.lookout.on_state(state, now_us=self.clock_us))
            self._follow(self._graded_anew(state))
        for finding in self.registry.findings:
            self._follow(self.lookout.on_finding(finding, now_us=self.clock_us))

    def _graded_anew(self, state: AssetState) -> list[Turn]:
        place = state.position
        if place is None:
            return []
        grades = self._whereabouts.grades(state.asset_id)
        return self.lookout.on_grades(state.asset_id, state.kind, grades, at_us=place.at_us, now_us=self.clock_us)

    def _taps_of(self, channel: Channel) -> tuple[Tap, ...]:
        return self.lookout.taps(channel.name, channel.observed, channel.qualifier, channel.thing.belongs)

    def _next_due(self) -> int | None:
        dues = (self.bodies.next_due(), self.lookout.next_due(), self.book.next_due())
        return min((due for due in dues if due is not None), default=None)


def _estimate(kept: Kept, value: float) -> Kept:
    """What neighbours expect in place of a reading, beside it under a name of its own."""
    name = f"{kept.datastream}/{ESTIMATE}"
    return kept._replace(datastream=name, result=value, flag=int(Flag.NOT_EVALUATED))


def _own(criteria: Criteria) -> Criteria:
    """Criteria but those about the twin itself, which another process watches."""
    kept = tuple(criterion for criterion in criteria.criteria if criterion.about.kind != "system")
    return criteria.model_copy(update={"criteria": kept})
