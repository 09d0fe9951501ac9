"""Conditions: three-valued truth, and what can be written."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from highwall.twin.conditions import (
    Condition,
    ReadingIs,
    Verdict,
    at_least,
    leaves,
    negated,
    verdict_of,
)

_CONDITION: TypeAdapter = TypeAdapter(Condition)  # type: ignore[type-arg]
_LEAF = {"silent": "word", "for_s": 1}
_TREES = st.recursive(
    st.just(_LEAF),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda some: {"all": some}),
        st.lists(inner, min_size=1, max_size=3).map(lambda some: {"any": some}),
        st.lists(inner, min_size=2, max_size=3).map(lambda some: {"at_least": 2, "of_these": some}),
        inner.map(lambda one: {"not": one}),
    ),
    max_leaves=5,
)


@given(_TREES, st.data())
def test_unknown_means_that_it_could_be_either(tree: dict, data: st.DataObject) -> None:  # type: ignore[type-arg]
    condition = _CONDITION.validate_python(tree)
    n = len(list(leaves(condition)))
    given_ = data.draw(st.lists(st.sampled_from(Verdict), min_size=n, max_size=n))
    choices = [[each] if each <= Verdict.TRUE else [Verdict.FALSE, Verdict.TRUE] for each in given_]
    outcomes = {verdict_of(condition, iter(some)) for some in itertools.product(*choices)}
    found = verdict_of(condition, iter(given_))
    if found <= Verdict.TRUE:
        assert outcomes == {found}
    # Kleene's logic may call unknown what a proof by cases would decide, never the other way round
    if Verdict.BLIND not in given_:
        assert found != Verdict.BLIND


def test_k_of_n_counts_what_could_still_be() -> None:
    true, false, late, blind = Verdict.TRUE, Verdict.FALSE, Verdict.NOT_YET, Verdict.BLIND
    assert at_least(2, [true, true, blind]) == true
    assert at_least(2, [false, false, blind]) == false
    assert at_least(2, [true, false, blind]) == blind
    assert at_least(2, [true, late, false]) == late
    assert negated(true) == false
    assert negated(blind) == blind


def test_hysteresis_holds_until_the_other_bound() -> None:
    leaf = ReadingIs(reading="tilt", above=2.0, until=1.0)
    assert not leaf.holds(1.5, held=False)
    assert leaf.holds(1.5, held=True)
    assert not leaf.holds(0.5, held=True)
    low = ReadingIs(reading="battery", below=2.6, until=2.8)
    assert low.holds(2.7, held=True)
    assert not low.holds(2.7, held=False)


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"reading": "crack_widht", "above": 1}, "did you mean 'crack_width'"),
        ({"reading": "tilt", "above": 1, "below": 2}, "either above or below"),
        ({"reading": "tilt"}, "either above or below"),
        ({"reading": "tilt", "above": 1, "until": 2}, "safe side"),
        ({"reading": "tilt", "above": 1, "of": "rate"}, "needs over_s"),
        ({"reading": "tilt", "above": 1, "over_s": 5}, "takes no over_s"),
        ({"state": "health", "among": ["dead"]}, "never 'dead'"),
        ({"at_least": 3, "of_these": [_LEAF, _LEAF]}, "can never hold"),
        ({"whatever": 1}, "a condition begins with one of"),
        ({"reading": "tilt", "above": 1, "colour": "red"}, "Extra inputs"),
    ],
)
def test_nonsense_is_refused_with_the_reason(given_: dict, said: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(ValidationError, match=said):
        _CONDITION.validate_python(given_)
