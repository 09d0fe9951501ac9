"""The hub: whoever asks is given every thing that changed since, once, with its newest state."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from highwall.twin.roles import Person, Role
from highwall.web.live import _STEP, LATEST_MOST, OVER_MOST, Change, Hub, Topic

KEYS = st.sampled_from(["a", "b", "c", "d"])
BATCHES = st.lists(st.lists(st.tuples(KEYS, st.integers()), min_size=1, max_size=4), max_size=12)


def change(key: str, value: object, topic: Topic = Topic.ASSETS) -> Change:
    return Change(topic, key, {"value": value}, key, "north")


@given(BATCHES, st.lists(st.integers(0, 12), max_size=5))
def test_a_watcher_ends_with_the_newest_state_however_often_it_asks(
    batches: list[list[tuple[str, int]]], asks: list[int]
) -> None:
    hub = Hub(start_us=1000)
    known: dict[str, object] = {}
    heard: int | None = None
    for number, batch in enumerate(batches):
        hub.put(change(key, value) for key, value in batch)
        if number in asks:
            heard = _listen(hub, heard, known)
    _listen(hub, heard, known)
    assert known == {key: value for batch in batches for key, value in batch}


def _listen(hub: Hub, heard: int | None, known: dict[str, object]) -> int:
    word = hub.since(heard)
    keys = [one.key for one in word.changes]
    assert len(keys) == len(set(keys))
    known.update({one.key: one.content["value"] for one in word.changes})
    return word.number


def test_a_number_of_an_earlier_or_a_future_life_means_everything() -> None:
    hub = Hub(start_us=1000)
    hub.put([change("a", 1)])
    for number in (None, 0, hub.number - 2 * _STEP, hub.number + _STEP):
        word = hub.since(number)
        assert word.is_reset
        assert [one.key for one in word.changes] == ["a"]
    assert hub.since(hub.number) == (hub.number, [], False)


def test_a_number_of_another_process_means_everything() -> None:
    hubs = [Hub(start_us=1_790_000_000_000_000 + later) for later in (0, 4_000, 8_000)]
    for number in range(50):
        for hub in hubs:
            hub.put([change(str(number), number)])
    told = [hub.since(other.number) for hub in hubs for other in hubs if other is not hub]
    assert sum(word.is_reset for word in told) >= 4  # two of three may have drawn one number, at 1 in 700
    assert all(len(word.changes) == 50 for word in told if word.is_reset)
    assert max(hub.number for hub in hubs) < 2**53


def test_a_flood_of_values_is_told_in_part_and_alarms_always() -> None:
    hub = Hub(start_us=0)
    hub.put([change("alarm", 1, Topic.ALARMS)])
    hub.put(change(str(n), n, Topic.LATEST) for n in range(LATEST_MOST + 10))
    told = hub.since(None).changes
    assert len(told) == LATEST_MOST + 1
    assert told[0].topic is Topic.ALARMS
    assert told[-1].key == str(LATEST_MOST + 9)


def test_alarms_that_have_ended_are_told_to_those_who_may_know_them_and_forgotten_in_the_end() -> None:
    def alarm(key: int, *, is_over: bool) -> Change:
        return Change(Topic.ALARMS, str(key), {"id": key}, is_over=is_over)

    hub = Hub(start_us=0)
    hub.put([alarm(-1, is_over=False), alarm(0, is_over=False)])
    began = hub.number
    hub.put([alarm(0, is_over=True)])
    heard = hub.number
    assert [one.key for one in hub.since(None).changes] == ["-1"]
    assert hub.since(began) == (heard, [alarm(0, is_over=True)], False)
    for key in range(1, OVER_MOST + 1):
        hub.put([alarm(key, is_over=True)])
    assert hub.since(began).is_reset  # it would miss the end of alarm 0
    assert [one.key for one in hub.since(began).changes] == ["-1"]
    assert len(hub.since(heard).changes) == OVER_MOST
    assert not hub.since(heard).is_reset


def test_changes_concern_those_who_reach_them() -> None:
    manager = Person("max", Role.MANAGER, frozenset({"south"}))
    operator = Person("olga", Role.OPERATOR, None, "a")
    assert not change("a", 1).concerns(manager)
    assert change("a", 1).concerns(operator)
    assert not change("b", 1).concerns(operator)
    assert not Change(Topic.GATEWAYS, "g", {}, None, "north").concerns(operator)


def test_who_loses_sight_of_a_thing_is_known_from_the_watchers_number_on() -> None:
    north, south = (Person("m", Role.MANAGER, frozenset({place})) for place in ("north", "south"))
    hub = Hub(start_us=0)
    numbers = []
    for place in ("north", "south", "south", "north"):
        hub.put([Change(Topic.ASSETS, "a", {}, "a", place)])
        numbers.append(hub.number)
        (whole,) = hub.since(None).changes
        assert not whole.is_lost_to(north)  # who begins anew has seen nothing
        if place == "south":
            (told,) = hub.since(numbers[0]).changes
            assert told.is_lost_to(north)
            assert not told.is_lost_to(south)
    assert not any(one.is_lost_to(north) for one in hub.since(numbers[0]).changes)
    assert hub.since(numbers[2]).changes[0].is_lost_to(south)
    hub.put([Change(Topic.ASSETS, "a", {}, "a", "north")])
    assert not hub.since(numbers[3]).changes[0].is_lost_to(south)  # it was told before


def test_threads_lose_no_change() -> None:
    hub = Hub(start_us=0)
    first = hub.number

    def put(name: str) -> None:
        for number in range(200):
            hub.put([change(f"{name}-{number}", number)])

    threads = [threading.Thread(target=put, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(hub.since(None).changes) == 800
    assert hub.number - first == 800 * _STEP
