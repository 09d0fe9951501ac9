import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import InputError
from highwall.telemetry.messages import check_name
from highwall.twin.tags import LETTERS, N_LETTERS, check_letter, new_tags, printed, read_scan, spelled

bodies = st.text(LETTERS, min_size=N_LETTERS - 1, max_size=N_LETTERS - 1)


@given(seed=st.integers(0, 2**32), n=st.integers(1, 50))
def test_new_names_are_apart_fit_the_wire_and_are_read_back(seed, n):
    made = new_tags(n, source=random.Random(seed))
    assert len(set(made)) == n
    for name in made:
        assert check_name(name, what="tag") == name
        assert read_scan(printed(name)) == read_scan(spelled(name)) == read_scan(f" {name}\n") == name


def test_names_that_are_taken_are_not_given_again():
    first = new_tags(5, source=random.Random(1))
    second = new_tags(5, source=random.Random(1), taken=set(first))
    assert not set(first) & set(second)


def test_no_tags_are_no_answer():
    with pytest.raises(InputError, match="1 or more"):
        new_tags(0, source=random.Random(1))


@given(body=bodies, place=st.integers(0, N_LETTERS - 1), other=st.sampled_from(LETTERS))
def test_every_single_wrong_letter_is_found(body, place, other):
    name = body + check_letter(body)
    wrong = name[:place] + other + name[place + 1 :]
    if wrong != name:
        with pytest.raises(InputError, match="wrong letter"):
            read_scan("tag-" + wrong)


@given(body=bodies, one=st.integers(0, N_LETTERS - 1), other=st.integers(0, N_LETTERS - 1))
def test_every_exchange_of_two_letters_is_found(body, one, other):
    letters = list(body + check_letter(body))
    before = "".join(letters)
    letters[one], letters[other] = letters[other], letters[one]
    if "".join(letters) != before:
        with pytest.raises(InputError, match="wrong letter"):
            read_scan("".join(letters))


@given(bodies)
def test_letters_that_look_alike_are_read_as_meant(body):
    name = body + check_letter(body)
    assert read_scan(name.replace("0", "O").replace("1", "l")) == read_scan(name.replace("1", "I")) == "tag-" + name


@given(st.text(string.printable, max_size=40))
def test_anything_else_is_refused_or_a_tag(scanned):
    try:
        found = read_scan(scanned)
    except InputError:
        return
    assert check_letter(found.removeprefix("tag-")[:-1]) == found[-1]


def test_what_is_no_tag_is_told():
    for scanned in ("", "tag-", "tag-123", "4006381333931", "tag-uuuuuuuu", "https://example.org/TAG-00000000"):
        with pytest.raises(InputError, match="is no tag"):
            read_scan(scanned)
