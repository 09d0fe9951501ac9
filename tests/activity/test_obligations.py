import pytest

from highwall.activity.obligations import agree, obligations, words
from highwall.activity.options import ActivityOptions

from .tables import TODAY, patches, permits, square

OPTIONS = ActivityOptions()
PIT = square(0, 0, 1000)


def kinds(permitted, ground=None, **columns) -> list[str]:
    (patch,) = patches(square(200, 200, 500) if ground is None else ground, **columns).itertuples()
    return [breach.kind for breach in obligations(patch, permitted, on=TODAY, options=OPTIONS)]


@pytest.mark.parametrize(
    ("seen", "permitted", "expected"),
    [
        ("clay", "Iron ore; sandstone", ["wrong_mineral"]),
        ("iron", "Iron ore", []),
        ("iron_ore", "iron", []),
        ("tin", "platinum", ["wrong_mineral"]),  # letters in common are no mineral in common
        ("sandstone", "clay and sandstone", []),
        (None, "iron", []),
        ("iron", None, []),
    ],
)
def test_another_mineral_than_permitted_is_found(seen, permitted, expected):
    assert kinds(permits(PIT, mineral=[permitted]), mineral=[seen]) == expected


def test_another_use_than_permitted_is_found_and_says_both():
    permitted = permits(PIT, classes=["excavation"])
    (patch,) = patches(square(200, 200, 500), mine_class=["dumping_ground"]).itertuples()
    (breach,) = obligations(patch, permitted, on=TODAY, options=OPTIONS)
    assert (breach.kind, breach.note) == ("wrong_class", "Seen: dumping_ground; permitted: excavation.")


@pytest.mark.parametrize(
    ("due", "state", "expected"),
    [
        ("2024-06-14", None, ["restoration_overdue"]),  # due yesterday
        ("2024-06-15", None, []),  # due today
        ("2024-06-14", "restored", []),
        ("2024-06-14", "idle", ["restoration_overdue"]),
    ],
)
def test_open_ground_whose_restoration_is_overdue_is_found(due, state, expected):
    assert kinds(permits(PIT, restoration_due=[due]), restoration_state=[state]) == expected


def test_restoration_is_asked_of_lapsed_permits_too_and_only_on_their_ground():
    lapsed = permits(PIT, valid_to=["2020-01-01"], restoration_due=["2022-01-01"])
    assert kinds(lapsed) == ["restoration_overdue"]
    assert kinds(lapsed, square(980, 0, 600)) == []


def test_words_are_taken_from_lists_as_people_write_them():
    assert words("Iron ore; clay, Sand and gravel") == {"iron_ore", "clay", "sand", "gravel"}
    assert words(float("nan")) == frozenset()
    assert agree("iron", frozenset({"iron_ore"}))
    assert not agree("clay", frozenset({"iron_ore"}))


@pytest.mark.parametrize(("second", "expected"), [("clay", []), (None, []), ("gold", ["wrong_mineral"])])
def test_one_of_several_permits_on_the_ground_that_allows_the_mineral_is_enough(second, expected):
    assert kinds(permits(PIT, PIT, mineral=["iron", second]), mineral=["clay"]) == expected


def test_a_patch_too_small_to_be_sure_of_is_no_wrong_use():
    assert kinds(permits(PIT, mineral=["iron"]), square(200, 200, 40), mineral=["clay"]) == []


def test_a_later_record_of_the_same_permit_decides_when_restoration_is_due():
    postponed = permits(
        PIT, PIT, permit_id=["L-1", "L-1"], valid_from=["2000-01-01", "2020-01-01"],
        valid_to=["2019-12-31", "2035-12-31"], restoration_due=["2021-01-01", "2036-01-01"],
    )  # fmt: skip
    assert kinds(postponed) == []
    assert kinds(postponed.assign(valid_from=postponed["valid_from"].tolist()[::-1])) == ["restoration_overdue"]
