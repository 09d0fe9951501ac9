"""The filter language of SensorThings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import InputError
from highwall.web.sta.filters import Comparison, conjuncts, parse

RECORD = {"name": "O'Hara", "result": 3.5, "phenomenonTime": 1_750_000_000_000_000, "Datastream/id": 7, "nothing": None}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("result gt 3", True),
        ("result gt 3.5", False),
        ("result ge 3.5 and result le 3.5", True),
        ("result lt -1e3 or Datastream/id eq 7", True),
        ("not result lt 3", True),
        ("not (result gt 3 and name eq 'x')", True),
        ("result gt 9 and result gt 9 or result eq 3.5", True),
        ("result gt 9 and (result gt 9 or result eq 3.5)", False),
        ("name eq 'O''Hara'", True),
        ("startswith(name,'O') and substringof('Har', name)", True),
        ("startswith(name, 'Har')", False),
        ("phenomenonTime ge 2025-06-15T15:06:40Z", True),
        ("phenomenonTime lt 2025-06-15T17:06:40+02:00", False),
        ("phenomenonTime lt 2025-06-15T17:06:41+02:00", True),
        ("nothing ne 1", False),
        ("unknown eq 1", False),
        ("name gt 5", False),
        ("substringof('x', result)", False),
    ],
)
def test_filters(text: str, holds: bool) -> None:
    assert parse(text).holds(RECORD) is holds


@pytest.mark.parametrize(
    "text",
    [
        "", "result", "result gt", "result gt gt", "result is 3", "(result gt 3", "result gt 3)", "result gt 3 and",
        "and", "startswith(name)", "startswith(3,'x')", "result gt 'x", "result gt $3", "3 gt result",
        "phenomenonTime gt 2025-99-01T00:00:00Z", "not " * 50 + "result gt 3", "(" * 30 + "result gt 3" + ")" * 30,
        " and ".join(["result gt 3"] * 100),
    ],
)  # fmt: skip
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="filter"):
        parse(text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except InputError:
        return
    assert found.holds(RECORD) in (True, False)


VALUES = st.integers(-5, 5)
COMPARISONS = st.builds(
    lambda operation, value: f"result {operation} {value}",
    st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"]),
    VALUES,
)
TREES = st.recursive(
    COMPARISONS,
    lambda inner: (
        st.builds(lambda a, b, word: f"({a} {word} {b})", inner, inner, st.sampled_from(["and", "or"]))
        | st.builds(lambda a: f"not ({a})", inner)
    ),
    max_leaves=6,
)
_PYTHON = {"eq": "==", "ne": "!=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}


@given(tree=TREES, value=VALUES)
def test_trees_mean_what_python_says(tree: str, value: int) -> None:
    words = [_PYTHON.get(word, word) for word in tree.replace("(", "( ").replace(")", " )").split()]
    wanted = eval(" ".join(words), {"result": value})  # the oracle; only words that this test wrote
    assert parse(tree).holds({"result": float(value)}) is bool(wanted)


def test_conjuncts_are_what_must_hold() -> None:
    found = conjuncts(parse("result gt 3 and (name eq 'a' and Datastream/id eq 7) and (result lt 9 or result eq 12)"))
    assert [(one.path, one.operation) for one in found] == [("result", "gt"), ("name", "eq"), ("Datastream/id", "eq")]
    assert conjuncts(parse("result gt 3 or result lt 1")) == []
    assert conjuncts(parse("not result gt 3")) == []
    assert all(isinstance(one, Comparison) for one in found)
