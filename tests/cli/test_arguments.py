import pytest
import typer

from highwall.cli.arguments import level_of, pairs_of


@pytest.mark.parametrize(("text", "level"), [("L1C", "L1C"), ("l1c", "L1C"), ("l2A", "L2A"), (None, None)])
def test_a_level_is_read_in_either_case(text, level):
    assert level_of(text) == level


@pytest.mark.parametrize("text", ["L1", "1C", "L3A", ""])
def test_what_is_no_level_is_refused(text):
    with pytest.raises(typer.BadParameter, match="--level is L1C or L2A"):
        level_of(text)


def test_pairs_are_read_and_what_is_none_is_shown_how():
    assert pairs_of(["valid_to=EXPIRY", "holder=A=B"], example="a=b") == {"valid_to": "EXPIRY", "holder": "A=B"}
    assert pairs_of(None, example="a=b") == {}
    with pytest.raises(typer.BadParameter, match="'mine' is no pair; write it as 1=mine"):
        pairs_of(["mine"], example="1=mine")


def test_a_name_that_is_given_twice_is_refused_for_one_would_be_passed_over():
    with pytest.raises(typer.BadParameter, match="'1' is given 2 times; give it once, as 1=mine"):
        pairs_of(["1=mine", "2=water", "1=pit"], example="1=mine")
