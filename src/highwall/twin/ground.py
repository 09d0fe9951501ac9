"""The ground: what is known of assets and gateways, and the watches and alarms that follow from it.

A fact is taken in, and to whoever asks for it; what turns is followed into the book of alarms; what people do about an
alarm is carried out. Pure but for what it gathers to be written down.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from highwall.telemetry.messages import Event
from highwall.twin.alarm import Act, Alarm
from highwall.twin.alarm_book import AlarmBook
from highwall.twin.bodies import Bodies
from highwall.twin.changes import Changes, LookedAfter, Passed, Reported, Source
from highwall.twin.conditions import StateIs
from highwall.twin.criteria import Criteria
from highwall.twin.engine_options import EngineOptions
from highwall.twin.happenings import happening_of
from highwall.twin.lookout import Lookout
from highwall.twin.registry import Registry
from highwall.twin.state import HEALTHS, MOTIONS, AssetState, Stamp, Told, apply
from highwall.twin.tracking import Whereabouts
from highwall.twin.watch import Turn

_AHEAD_US: Final = 60_000_000
"""An event this far in the future of its receiver comes from a wrong clock, and counts as of now."""
_PLACED: Final = frozenset({"position", "position_radius"})


class Ground:
    """States, watches and alarms of one site."""

    def __init__(
        self, criteria: Criteria, *, version: int, registry: Registry, options: EngineOptions, now_us: int
    ) -> None:
        """Begin with nothing known."""
        self.clock_us = now_us
        self.registry = registry
        self.changes = Changes()
        self.states: dict[str, AssetState] = {}
        self.bodies = Bodies(options.man_down)
        self.lookout = Lookout(own_criteria(criteria), now_us=now_us)
        self.book = AlarmBook()
        self._options = options
        self._whereabouts = Whereabouts()
        self._whereabouts.lay_out(registry.areas)
        self._in_force(criteria, version)

    def take_act(self, act: Act) -> None:
        """Carry out what a person did about an alarm; whoever cancels or clears a man-down has looked after him."""
        before = self.book.find(act.alarm_id)
        after = self.book.on_act(act)
        if after is not None and before is not None and before.is_open and not after.is_open:
            self._stood_down(after, act)
        self._watched_again()

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

    def take_word(self, gateway: str, *, heard_us: int) -> None:
        """Take a gateway's status in: it lives, whatever it brought."""
        key = f"gateway:{gateway}"
        if heard_us > self.lookout.hearing.word.get(key, 0):
            self.lookout.hearing.word[key] = heard_us
            self.changes.heard.add(key)
            self._follow(self.lookout.on_word(key, now_us=self.clock_us))

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

    def _let_go(self, assets: AbstractSet[str]) -> None:
        """Forget assets that were taken out of use: they are nowhere, and in no zone."""
        for asset_id in sorted(assets):
            del self.states[asset_id]
            self._whereabouts.inside.pop(asset_id, None)
            self.changes.states.discard(asset_id)
            self.changes.gone.add(asset_id)

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
            self._tell(asset_id, Told("health", "ok", self._after_all(asset_id, "health", act)))

    def _tell_judges(self, asset_id: str, act: Act) -> None:
        """Have every gateway told that judges this person's tags: it goes on with what it knows otherwise."""
        self.changes.looked_after += [
            LookedAfter(f"stand-down-{act.act_id}-{place}", one.gateway, one.thing, one.n_told, act.who)
            for place, one in enumerate(self.bodies.judges(asset_id))
        ]

    def _in_force(self, criteria: Criteria, version: int) -> None:
        self.book.version = version
        self.book.criteria |= {criterion.id: criterion for criterion in criteria.criteria}

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

    def _told_by_gateway(self, event: Event, stamp: Stamp, source: Source) -> None:
        asset = self.registry.asset_of(event.subject)
        if asset is None:
            self.changes.reported.append(Reported(source.gateway, event))
            return
        attribute, words = ("health", HEALTHS) if event.kind == "man_down" else ("motion", MOTIONS)
        count = event.data.get("change") if event.kind == "man_down" else None
        self.bodies.believe(
            event.subject, asset.asset_id, asset.kind, of=attribute, gateway=source.gateway,
            count=count if isinstance(count, int) else None,
        )  # fmt: skip
        stamp = self._in_line(asset.asset_id, attribute, stamp)
        word = event.data.get(attribute)
        told = Told(attribute, word if isinstance(word, str) and word in words else "unknown", stamp)
        self._tell(asset.asset_id, told)
        self._tell(asset.asset_id, Told("gateway", source.gateway, stamp))

    def _in_line(self, asset_id: str, attribute: str, stamp: Stamp) -> Stamp:
        """Stamp of a word that follows an earlier one of its stream, whatever the gateway's clock did in between."""
        known = self.state_of(asset_id).facts.get(attribute)
        if known is None or known.stamp.source != stamp.source or known.stamp.number >= stamp.number:
            return stamp
        return Stamp(max(stamp.at_us, known.stamp.at_us), stamp.source, stamp.number)

    def _after_all(self, asset_id: str, attribute: str, act: Act) -> Stamp:
        """Stamp of what a person says: it follows all that was known then, be the clock of a tag ahead."""
        known = self.state_of(asset_id).facts.get(attribute)
        at_us = act.at_us if known is None else max(act.at_us, known.stamp.at_us + 1)
        return Stamp(at_us, "person", act.act_id)

    def _happened(self, event: Event, stamp: Stamp, source: Source) -> None:
        """Hand an event on, and judge it where somebody must hear of it."""
        self.changes.reported.append(Reported(source.gateway, event))
        happening = happening_of(event)
        if happening is not None:
            now_us = self.clock_us
            self._follow(self.lookout.on_happening(source.gateway, happening, at_us=stamp.at_us, now_us=now_us))

    def _heard_gateway(self, gateway: str, newest_us: int) -> None:
        hearing, key = self.lookout.hearing, f"gateway:{gateway}"
        hearing.word[key] = self.clock_us
        self.changes.heard.add(key)
        if newest_us:
            hearing.data[key] = max(hearing.data.get(key, 0), newest_us)
        self._follow(self.lookout.on_word(key, now_us=self.clock_us))


def own_criteria(criteria: Criteria) -> Criteria:
    """Criteria but those about the twin itself, which another process watches."""
    kept = tuple(criterion for criterion in criteria.criteria if criterion.about.kind != "system")
    return criteria.model_copy(update={"criteria": kept})
