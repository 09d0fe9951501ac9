"""State of an asset: one state whatever the order."""

import math
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.twin.state import AssetState, Stamp, Told, Value, apply, apply_all, as_json

_EMPTY = AssetState("ann", "person")


def _told(attribute: str, value: object, at_us: int, number: int = 1, source: str = "gw/telemetry/e") -> Told:
    return Told(attribute, value, Stamp(at_us, source, number))  # type: ignore[arg-type]


_FACTS = st.one_of(
    st.tuples(st.just("battery"), st.floats(0.0, 5.0)),
    st.tuples(st.just("health"), st.sampled_from(["ok", "down", "pre_alarm", "nonsense"])),
    st.tuples(st.just("position"), st.lists(st.floats(-90, 90), min_size=3, max_size=3)),
)
_ITEMS = st.lists(
    st.tuples(_FACTS, st.integers(1, 5), st.sampled_from(["a", "b"])), max_size=12, unique_by=lambda item: item[1:]
)  # same times on purpose: the stamp must decide


@given(_ITEMS, st.randoms())
def test_any_order_and_repetition_gives_one_state(items: list, random) -> None:  # type: ignore[no-untyped-def]
    told = [_told(*fact, at_us, number, source) for number, (fact, at_us, source) in enumerate(items, start=1)]
    shuffled = told + random.choices(told, k=3) if told else []
    random.shuffle(shuffled)
    assert apply_all(_EMPTY, shuffled) == apply_all(_EMPTY, told)


@given(_ITEMS, st.integers(0, 12))
def test_batches_give_what_the_stream_gives(items: list, cut: int) -> None:  # type: ignore[type-arg]
    told: Sequence[Told] = [_told(*fact, at, n, source) for n, (fact, at, source) in enumerate(items, start=1)]
    assert apply_all(apply_all(_EMPTY, told[:cut]), told[cut:]) == apply_all(_EMPTY, told)


def test_the_later_word_wins_and_the_older_only_counts_as_heard() -> None:
    state = apply_all(_EMPTY, [_told("health", "down", 20), _told("health", "ok", 10)])
    assert state.health == "down"
    assert state.last_heard_us == 20


def test_an_older_fact_leaves_the_very_same_state() -> None:
    state = apply(_EMPTY, _told("battery", 3.0, 20))
    assert apply(state, _told("battery", 2.0, 10)) is state


def test_an_unknown_word_is_unknown() -> None:
    assert apply(_EMPTY, _told("motion", "flying", 1)).motion == "unknown"


def test_position_carries_its_radius_and_time() -> None:
    state = apply_all(_EMPTY, [_told("position", [7.5, 51.0, 80.0], 5), _told("position_radius", 12.0, 6)])
    assert state.position == (7.5, 51.0, 80.0, 12.0, 5)
    shown = as_json(state, is_silent=True)
    assert shown["position"]["radius_m"] == 12.0
    assert shown["silent"] is True
    assert shown["battery_v"] is None


@pytest.mark.parametrize(
    "place", [[], [12.0], [1.0, 2.0, 3.0, 4.0], [12.0, math.nan], [12.0, math.inf, 0.0], [12.0, 91.0], "here", 7.0]
)
def test_a_position_that_cannot_be_leaves_the_last_one(place: Value) -> None:
    known = apply(AssetState("ann", "person"), Told("position", [12.0, 47.0], Stamp(1, "a", 1)))
    after = apply(known, Told("position", place, Stamp(5, "a", 2)))
    assert (after.facts, after.last_heard_us) == (known.facts, 5)


def test_a_state_survives_json() -> None:
    state = apply_all(_EMPTY, [_told("position", [1.0, 2.0], 5), _told("health", "ok", 6)])
    assert msgspec.json.decode(msgspec.json.encode(state), type=AssetState) == state
