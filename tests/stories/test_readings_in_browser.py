"""Readings as a geotechnical engineer looks at them: by name, against their thresholds, over years; and who may."""

import itertools
import json
import re
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.stories.twin_browser import complaints, live, settled
from tests.stories.twin_site import LAT, LON, TwinSite

from highwall.twin.sql import datastreams, observations
from highwall.twin.sql.database import open_database
from highwall.twin.sql.observations import Row

pytestmark = pytest.mark.browser

POINTS = 800
"""What a chart asks the server for."""
TEN_MINUTES_US = 600_000_000
FIVE_YEARS = 5 * 365 * 144
"""Readings of five years, one every ten minutes."""
LEFT = "localStorage.getItem('highwall.view.small')"
LEVEL_2 = "() => { const c = document.querySelector('.plot canvas'), x = c.getContext('2d'); " + (
    "const d = x.getImageData(0, 0, c.width, c.height).data; let n = 0; "
    "for (let i = 0; i < d.length; i += 4) n += d[i] === 138 && d[i + 1] === 109 && d[i + 2] === 0; return n; }"
)
"""Dots on the chart that have the colour of a line of level 2 by day."""


SLOW_SERIES = (
    "() => { const ask = window.fetch; window.fetch = async (path, how) => { "
    "if (String(path).includes('/series')) await new Promise(go => setTimeout(go, 6000)); return ask(path, how); } }"
)
"""Have each series take six seconds; a chart follows what comes every five."""


def keep_years(twin: TwinSite, name: str) -> int:
    """Put five years of readings into the store, until now, as they would stand there had they been heard."""
    now_us = time.time_ns() // 1000
    times = now_us - TEN_MINUTES_US * np.arange(FIVE_YEARS)[::-1]
    years = np.arange(FIVE_YEARS) / (365 * 144)
    tilt = 1e-3 * years + 2e-4 * np.sin(2 * np.pi * years) + np.random.default_rng(1).normal(0.0, 2e-5, FIVE_YEARS)
    database = open_database(twin.store)
    with database.begin() as store:
        number = datastreams.datastream_ids(store, [name])[name]
    for part in np.array_split(np.arange(FIVE_YEARS), 60):
        rows = [Row(number, int(times[n]), 0, int(n), float(tilt[n]), None, 1, int(times[n])) for n in part]
        with database.begin() as store:
            observations.insert_readings(store, rows)
    database.close()
    return number


def at_rest(page: Any, after: tuple[float, ...] | None = None) -> tuple[float, ...]:
    """Give longitude, latitude and zoom of the map once it has stopped, elsewhere than before."""
    before, told = after, None
    for _ in range(60):
        page.wait_for_timeout(500)
        text = page.locator(".map").get_attribute("data-view")
        now = tuple(map(float, text.split(","))) if text else None
        if now is not None and now == told and now != before:
            return now
        told = now
    raise AssertionError(f"the map did not come to rest; it was last at {told}")


def answering(status: int, body: str) -> Callable[[Any], None]:
    return lambda route: route.fulfill(status=status, body=body)


def test_a_sensor_is_found_and_read_by_its_name(twin, visit):
    twin.read("s-prism/displacement", 0.001, 0.0012, every_us=60_000_000)
    page = visit("vera", "/#/sensors")
    live(page)
    search = page.get_by_label("Find sensors among those read")
    search.fill("prism displacement")
    link = page.get_by_role("link", name="Prism N-4 · displacement, mm")
    link.wait_for()
    assert link.get_attribute("title") == "s-prism/displacement"
    search.fill("s-prism/disp")
    link.click()
    page.get_by_role("heading", name="Prism N-4 · displacement, mm").wait_for()
    assert page.locator("code", has_text="s-prism/displacement").is_visible()


def test_an_alarm_tells_names_and_not_ids(twin, visit):
    page = visit("vera", "/#/alarms")
    live(page)
    twin.fall("t-bruno")
    page.locator(".alarm .card-title", has_text="A person is down").first.click()
    grounds = page.locator(".grounds li")
    grounds.get_by_text("Bruno Costa: health is down").wait_for()
    assert grounds.get_attribute("title") == "p-bruno"
    assert "p-bruno" not in page.locator(".life").inner_text()
    twin.fall("t-bruno", "ok")


def test_a_far_threshold_is_told_and_a_near_one_drawn(twin, visit):
    twin.read("s-prism/displacement", *[0.001 + 1e-6 * n for n in range(60)], every_us=10_000_000)
    page = visit("vera", "/#/sensors", color_scheme="light")
    page.get_by_role("link", name="Prism N-4 · displacement, mm").click()
    key = page.get_by_label("Thresholds that watch these readings")
    key.get_by_text(re.compile("The wall moves: reading above 20.mm, clears at 10.mm, above the chart")).wait_for()
    page.get_by_role("button", name="Last hour").click()
    page.wait_for_timeout(800)
    assert page.evaluate(LEVEL_2) == 0
    twin.read("s-prism/displacement", 0.018)
    page.wait_for_function(f"() => ({LEVEL_2})() > 100")
    assert "above the chart" not in key.inner_text()


def test_a_chart_is_drawn_over_a_link_slower_than_it_follows(twin, visit):
    twin.read("s-prism/displacement", 0.001, 0.0012, every_us=60_000_000)
    page = visit("vera", "/#/sensors")
    page.evaluate(SLOW_SERIES)
    page.get_by_role("link", name="Prism N-4 · displacement, mm").click()
    page.wait_for_selector(".plot canvas")
    assert complaints(page) == []


def test_five_years_open_and_zoom_in_a_moment(twin, visit):
    number = keep_years(twin, "s-prism/tilt")
    page = visit("vera", f"/#/sensors/{number}")
    page.wait_for_selector(".plot canvas")
    with page.expect_response(re.compile("/series")) as answer:
        page.get_by_role("button", name="Last ten years").click()
    whole = answer.value.json()
    page.get_by_text("Thinned out: the band holds every reading").wait_for()
    assert whole["is_decimated"]
    assert POINTS / 4 < len(whole["t"]) <= 2 * POINTS
    assert whole["t"][-1] - whole["t"][0] > 4.9 * 365 * 86_400_000
    box = page.locator(".plot .u-over").bounding_box()
    spans = [whole["t"][-1] - whole["t"][0]]
    for _ in range(3):  # from years to days, by dragging over the end of what is seen
        with page.expect_response(re.compile("/series")) as answer:
            page.mouse.move(box["x"] + 0.86 * box["width"], box["y"] + 50)
            page.mouse.down()
            page.mouse.move(box["x"] + 0.98 * box["width"], box["y"] + 60, steps=3)
            page.mouse.up()
        zoomed = answer.value.json()
        drawn = f"{len(zoomed['t'])} points from"
        page.wait_for_function("said => document.querySelector('.chart-note')?.innerText.startsWith(said)", arg=drawn)
        assert 0 < len(zoomed["t"]) <= 2 * POINTS
        spans.append(zoomed["t"][-1] - zoomed["t"][0])
    assert all(after < before / 4 for before, after in itertools.pairwise(spans))
    assert complaints(page) == []


def test_the_map_opens_on_people_and_assets_and_then_where_it_was_left(twin, visit):
    for tag in ("t-ana", "t-bruno", "t-celia", "t-truck"):
        twin.place(tag, LON, LAT)
    page = visit("vera", "/#/map")
    live(page)
    page.wait_for_selector(".map[data-ready=yes][data-view]")
    page.locator(".asset-row").first.wait_for()
    opened = at_rest(page)
    assert abs(opened[0] - LON) < 0.02
    assert abs(opened[1] - LAT) < 0.02
    page.get_by_role("button", name="Whole site").click()
    page.wait_for_function("zoom => document.querySelector('.map').dataset.view.split(',')[2] < zoom", arg=opened[2])
    whole = at_rest(page)
    box = page.locator(".map").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.wheel(0, -600)
    page.wait_for_function(f"() => {LEFT} !== null")
    left, page_left = at_rest(page, after=whole), page.evaluate(LEFT)
    assert tuple(map(float, page_left.split(","))) == left
    page.reload()
    live(page)
    page.wait_for_selector(".map[data-ready=yes]")
    page.wait_for_timeout(1500)  # an opening view would have been taken by now
    assert page.locator(".map").get_attribute("data-view") in (None, page_left)  # told when the map is resized, too
    assert page.evaluate(LEFT) == page_left
    page.get_by_role("button", name="People and assets").click()
    again = at_rest(page)
    assert again != left
    assert page.evaluate(LEFT) is None


def test_a_finding_says_in_words_what_it_rests_on(twin, visit):
    page = visit("vera", "/#/findings")
    first = page.locator(".finding").first
    first.wait_for()
    name = first.get_attribute("data-finding")
    (twin.serving.runs[-1] / f"case-{name}.pdf").write_bytes(b"%PDF-1.7")
    first.locator("a").click()
    page.get_by_role("heading", name="How sure").wait_for()
    answers = page.locator(".answers").inner_text()
    assert "permit A-1" in answers
    assert "one standard deviation" in answers
    assert page.locator("main pre").count() == 0
    assert not re.search(r"[{}\[\]]", answers)
    case = page.get_by_role("link", name="Case file (PDF)").get_attribute("href")
    assert page.request.get(twin.address + case).headers["content-type"] == "application/pdf"
    page.get_by_role("link", name="On the map").click()
    page.locator(".touched").get_by_role("link", name="Open the finding").click()
    page.wait_for_selector(f"section[data-finding='{name}']")


def test_a_user_is_given_several_places_by_name(visit):
    page = visit("susan", "/#/users")
    page.get_by_role("button", name="New user").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name").fill("paula")
    form.get_by_label("Role").select_option("manager")
    form.get_by_label("The whole site").uncheck()
    form.get_by_role("button", name="Make the user").click()
    assert form.get_by_label("Plant").is_visible()  # nothing was chosen: it is not taken as everything
    form.get_by_label("Pit", exact=True).check()
    form.get_by_label("Plant").check()
    form.get_by_role("button", name="Make the user").click()
    page.get_by_role("button", name="I have it").click()
    row = page.locator("tr[data-user=paula]")
    row.get_by_text("Pit, Plant").wait_for()
    row.get_by_role("button", name="Change").click()
    form.get_by_label("Plant").uncheck()
    form.get_by_label("Person on the ground").select_option(label="Célia Dias")
    form.get_by_role("button", name="Change", exact=True).click()
    form.wait_for(state="detached")
    page.wait_for_function("() => !document.querySelector('tr[data-user=paula]').innerText.includes('Plant')")
    assert "Célia Dias" in row.inner_text()


def test_what_goes_wrong_is_told_as_sentences_with_a_cure(visit):
    page = visit("vera", "/#/alarms")
    live(page)
    refusals = [
        (403, json.dumps({"error": {"what": "a supervisor may not", "cure": ""}}), "Ask a super manager"),
        (502, "<html>Bad gateway</html>", "Wait a minute, then try again."),
        (422, json.dumps({"detail": [{"loc": ["body"]}]}), "Load this page again"),
    ]
    for status, body, cure in refusals:
        page.route("**/api/findings", answering(status, body))
        page.evaluate("location.hash = '#/findings'")
        trouble = page.locator("main .trouble p")
        trouble.wait_for()
        assert cure in trouble.inner_text()
        assert not re.search(r"\d|[{}<>]", trouble.inner_text())
        page.unroute("**/api/findings")
        page.evaluate("location.hash = '#/assets'")
        settled(page)
    page.route("**/api/findings", lambda route: route.abort())
    page.evaluate("location.hash = '#/findings'")
    page.get_by_text("The server cannot be reached.").wait_for()
