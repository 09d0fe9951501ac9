"""The lookout: which watches a word concerns: a reading, a state, a place, a finding, an event, another registry.

A reading touches the watches that tap its datastream and no others, so that a thousand criteria cost what the two that
ask for it cost. The lookout knows no store and no clock: a gateway runs the same one for its local alarms.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from highwall.twin.conditions import FindingIs, Happened, Inside, Present, ReadingIs, Silent, StateIs
from highwall.twin.happenings import Happening
from highwall.twin.inputs import sensed, told, with_input, with_inputs, without_input
from highwall.twin.matching import Belongs, is_about, is_asked, is_zone, subjects_of
from highwall.twin.measure import Measure
from highwall.twin.rules import Rule
from highwall.twin.sightings import Feed, FindingSeen, Grade, Seen, Tap, WatchKey
from highwall.twin.state import AssetState
from highwall.twin.watch import Input, Subject, Turn
from highwall.twin.watches import Watches, ended


class Lookout(Watches):
    """Watches that words are taken to."""

    def taps(self, datastream: str, observed: str, qualifier: str, belongs: Belongs) -> tuple[Tap, ...]:
        """Watches that this datastream feeds; whoever reads many keeps the answer."""
        found: dict[WatchKey, tuple[Rule, list[Feed]]] = {}
        for rule, number, leaf in self.readers.get(observed, ()):
            if leaf.streams and datastream not in leaf.streams:
                continue
            if leaf.qualifier is not None and leaf.qualifier != qualifier:
                continue
            feed = Feed(number, leaf, "" if leaf.over_s is None else _window_name(datastream, leaf))
            for subject in subjects_of(rule.criterion.about, belongs, named=bool(leaf.streams)):
                found.setdefault(WatchKey(rule.criterion.id, subject), (rule, []))[1].append(feed)
        return tuple(Tap(key, rule, tuple(feeds)) for key, (rule, feeds) in found.items())

    def on_reading(self, taps: Iterable[Tap], seen: Seen, *, now_us: int, is_new: bool = True) -> list[Turn]:
        """Take a judged reading to the watches that it concerns; one that is not new stands in its windows already."""
        turns: list[Turn] = []
        measure = Measure(self.windows, self.dirty_windows, seen, is_new=is_new)
        for key, rule, feeds in taps:
            memory = self.watches.get(key) or self.start(key, rule, now_us)
            changed, given = not memory.is_quiet, []
            for number, leaf, window in feeds:
                known = memory.inputs[number].get(seen.datastream)
                value, flag = measure.of(leaf, window)
                one = sensed(leaf, known, value, flag=flag, at_us=seen.at_us, now_us=now_us)
                changed |= known is None or known.truth != one.truth
                given.append((number, one))
            self.watches[key] = with_inputs(memory, given, key=seen.datastream, now_us=now_us)
            self.dirty_watches.add(key)
            if changed:
                self.judge(key, rule, now_us, turns)
        return turns

    def on_state(self, state: AssetState, *, now_us: int) -> list[Turn]:
        """Take a changed state of an asset to the watches that ask for it."""
        turns: list[Turn] = []
        for rule, number, leaf in self.told_leaves(StateIs):
            if isinstance(leaf, StateIs) and is_about(rule.criterion.about, state.asset_id, state.kind):
                fact = state.facts.get(leaf.state)
                if fact is None:
                    continue
                given = told(fact.value in leaf.among, at_us=fact.stamp.at_us, now_us=now_us)
                self._tell(rule, Subject("asset", state.asset_id), number, state.asset_id, given, now_us, turns)
        return turns

    def on_grades(
        self, asset_id: str, asset_kind: str, grades: Iterable[Grade], *, at_us: int, now_us: int
    ) -> list[Turn]:
        """Take it that an asset came into zones, left them, or is more or less surely inside."""
        turns: list[Turn] = []
        for zone_id, zone_kind, grade in grades:
            given = told(grade > 0, at_us=at_us, now_us=now_us, value=float(grade))
            for rule, number, leaf in self.told_leaves(Inside):
                if (
                    isinstance(leaf, Inside)
                    and is_about(rule.criterion.about, asset_id, asset_kind)
                    and is_asked(leaf, zone_id, zone_kind)
                ):
                    self._tell(rule, Subject("asset", asset_id), number, zone_id, given, now_us, turns)
            for rule, number, leaf in self.told_leaves(Present):
                if (
                    isinstance(leaf, Present)
                    and asset_kind in leaf.present
                    and is_zone(rule.criterion.about, zone_id, zone_kind)
                ):
                    self._tell(rule, Subject("zone", zone_id), number, asset_id, given, now_us, turns)
        return turns

    def leave_all_but(self, inside: Mapping[str, Mapping[str, int]], *, now_us: int) -> list[Turn]:
        """Take it that no asset is in any zone but these, as after zones were taken away.

        Parameters
        ----------
        inside
            By asset: grade of each zone that it is in.
        """
        turns: list[Turn] = []
        for kind in (Inside, Present):
            for rule, number, _ in self.told_leaves(kind):
                for key in [key for key in self.watches if key.criterion == rule.criterion.id]:
                    for name, given in self.watches[key].inputs[number].items():
                        zone, asset = (
                            (name, key.subject.subject_id) if kind is Inside else (key.subject.subject_id, name)
                        )
                        if given.value > 0.0 and zone not in inside.get(asset, {}):
                            gone = told(False, at_us=given.at_us, now_us=now_us)
                            self._tell(rule, key.subject, number, name, gone, now_us, turns)
        return turns

    def on_finding(self, finding: FindingSeen, *, now_us: int) -> list[Turn]:
        """Take a finding to the watches that ask for its kind."""
        turns: list[Turn] = []
        for rule, number, leaf in self.told_leaves(FindingIs):
            about = rule.criterion.about
            if not isinstance(leaf, FindingIs) or (about.ids and finding.finding_id not in about.ids):
                continue
            holds = (
                (not leaf.finding or finding.kind in leaf.finding)
                and finding.state in leaf.states
                and finding.probability >= leaf.min_probability
            )
            given = told(holds, at_us=finding.at_us, now_us=now_us, value=finding.probability)
            self._tell(rule, Subject("finding", finding.finding_id), number, finding.kind, given, now_us, turns)
        return turns

    def on_happening(self, gateway: str, happening: Happening, *, at_us: int, now_us: int) -> list[Turn]:
        """Take what a gateway told of itself to the watches that ask for its kind."""
        turns: list[Turn] = []
        given = told(happening.holds, at_us=at_us, now_us=now_us, value=float(happening.level))
        for rule, number, leaf in self.told_leaves(Happened):
            about = rule.criterion.about
            if isinstance(leaf, Happened) and happening.kind in leaf.event and is_about(about, gateway, "gateway"):
                self._tell(rule, Subject("gateway", gateway), number, happening.said, given, now_us, turns)
        return turns

    def miss_only(self, gateways: AbstractSet[str], *, now_us: int) -> list[Turn]:
        """Listen no more for gateways but these and those that a criterion names: nobody expects a word of them."""
        turns: list[Turn] = []
        for key in sorted(self.watches):
            kind, name = key.subject
            rule = self.rules[key.criterion]
            is_missed = kind == "gateway" and any(isinstance(leaf, Silent) for leaf in rule.leaves)
            if is_missed and name not in gateways and name not in rule.criterion.about.ids:
                turns += ended(key, self.watches[key], now_us, why="it is entered as a gateway no longer")
                self.drop(key)
        return turns

    def follow_only(self, assets: AbstractSet[str], *, now_us: int) -> list[Turn]:
        """End the watches over assets that were taken out of use, those that a criterion names apart."""
        turns: list[Turn] = []
        for key in sorted(self.watches):
            kind, name = key.subject
            if kind == "asset" and name not in assets and name not in self.rules[key.criterion].criterion.about.ids:
                turns += ended(key, self.watches[key], now_us, why="it was taken out of use")
                self.drop(key)
        return turns

    def drop_inputs(self, wanted: Mapping[str, tuple[Tap, ...]], *, now_us: int) -> list[Turn]:
        """Forget datastreams that no longer belong to a subject, and watches that are left with none.

        Parameters
        ----------
        wanted
            By datastream: its taps now.
        """
        turns: list[Turn] = []
        fed = {(tap.key, feed.leaf_number, name) for name, taps in wanted.items() for tap in taps for feed in tap.feeds}
        for key in sorted(self.watches):
            rule, memory = self.rules[key.criterion], self.watches[key]
            gone = [
                (number, name)
                for number, leaf in enumerate(rule.leaves)
                if isinstance(leaf, ReadingIs) and not leaf.streams
                for name, given in memory.inputs[number].items()
                if given.heard_us and (key, number, name) not in fed
            ]
            for number, name in gone:
                self.watches[key] = memory = without_input(memory, number, name)
            if gone and not any(memory.inputs):
                turns += ended(key, memory, now_us, why="nothing of it is measured any more")
                self.drop(key)
            elif gone:
                self.judge(key, rule, now_us, turns)
        return turns

    def _tell(
        self, rule: Rule, subject: Subject, number: int, name: str, given: Input, now_us: int, turns: list[Turn]
    ) -> None:
        key = WatchKey(rule.criterion.id, subject)
        memory = self.watches.get(key)
        if memory is None:
            if not given.truth:
                return
            memory = self.start(key, rule, now_us)
        self.watches[key] = with_input(memory, number, name, given, now_us=now_us)
        self.judge(key, rule, now_us, turns)


def _window_name(datastream: str, leaf: ReadingIs) -> str:
    part = "" if leaf.component is None else leaf.component
    return f"{datastream}|{leaf.over_s:g}|{part}|{int(leaf.is_suspect_enough)}"
