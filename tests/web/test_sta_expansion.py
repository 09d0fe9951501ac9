"""The language of $expand and $select: what is read is what was written, whatever is nested in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import QueryError
from highwall.web.sta.expansion import USUAL_TOP, Expansion, parse_expand, parse_select

NAMES = st.sampled_from(["Datastreams", "Observations", "Thing", "ObservedProperty", "Locations"])


def expansions(depth: int) -> st.SearchStrategy[tuple[Expansion, ...]]:
    """Expansions as one could write them: each name once."""
    inner = expansions(depth - 1) if depth else st.just(())
    one = st.builds(
        Expansion, NAMES, st.frozensets(st.sampled_from(["name", "@iot.id", "result"]), max_size=2),
        st.sampled_from([1, 7, USUAL_TOP]), st.sampled_from(["", "phenomenonTime desc", "id"]), inner,
    )  # fmt: skip
    return st.lists(one, min_size=1, max_size=3, unique_by=lambda each: each.name).map(tuple)


@given(expansions(2))
def test_what_was_written_is_read(told: tuple[Expansion, ...]) -> None:
    assert parse_expand(",".join(each.text for each in told)) == told


def test_a_path_is_a_chain_and_two_of_one_beginning_are_joined() -> None:
    (things,) = parse_expand("Datastreams/Thing,Datastreams/Observations($top=1)")
    assert things.name == "Datastreams"
    assert [(one.name, one.top) for one in things.inner] == [("Thing", USUAL_TOP), ("Observations", 1)]


@pytest.mark.parametrize(
    "text", ["A/B,A($top=5)", "A($top=5),A/B", "A($top=5),A($top=5;$expand=B),A/B"]
)  # fmt: skip
def test_two_of_one_name_keep_the_options_that_one_of_them_has(text: str) -> None:
    assert parse_expand(text) == (Expansion("A", top=5, inner=(Expansion("B"),)),)


@pytest.mark.parametrize(
    "text",
    ["A/B/C/D/E", "", "A B", "A(", "A)", "A()", "A(top=1)", "A($top=x)", "A($top=1001)", "A($skip=1)", "A($top)",
     "A,,B", "A($top=1),A($top=2)", "A/B($top=1),A/B($top=2)", "A($expand=B($expand=C($expand=D($expand=E))))"],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(QueryError):
        parse_expand(text)


@given(st.text(max_size=60))
def test_nothing_but_a_refusal_comes_of_any_text(text: str) -> None:
    for read in (parse_expand, parse_select):
        try:
            read(text)
        except QueryError:
            continue
