"""The live twin as people at the mine use it: Chromium, the real server with its engine, a gateway that speaks."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.stories.twin_browser import complaints, live, settled
from tests.stories.twin_site import LAT, LON, PASSWORD, PEOPLE

pytestmark = pytest.mark.browser

PAGES = {
    "operator": ["Map", "Alarms", "Assets", "Sensors"],
    "manager": ["Map", "Alarms", "Assets", "Sensors", "Findings", "Gateways", "Tags", "Criteria"],
    "supervisor": ["Map", "Alarms", "Assets", "Sensors", "Findings", "Gateways", "Tags", "Criteria"],
    "super_manager": [
        "Map", "Alarms", "Assets", "Sensors", "Findings", "Gateways", "Tags", "Criteria", "Users", "Tokens", "Audit",
    ],
}  # fmt: skip


@contextmanager
def within(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began <= seconds


def sign_in(page: Any, name: str, password: str = PASSWORD) -> None:
    page.fill("[name=name]", name)
    page.fill("[name=password]", password)
    page.get_by_role("button", name="Sign in").click()


def answer(page: Any, deed: str, done: str, **said: str) -> None:
    """Do a deed through its dialog."""
    page.get_by_role("button", name=re.compile(f"^{deed}")).first.click()
    dialog = page.get_by_role("dialog")
    for label, text in said.items():
        dialog.get_by_label(label.replace("_", " ")).fill(text)
    dialog.get_by_role("button", name=done).click()
    dialog.wait_for(state="detached")


@pytest.mark.parametrize("name", PEOPLE)
def test_each_role_logs_in_and_finds_its_own_pages(twin, visit, name):
    page = visit(None)
    sign_in(page, name)
    if name == "susan":
        page.fill("[name=code]", twin.code())
        page.get_by_role("button", name="Sign in").click()
    live(page)
    assert page.locator("nav[aria-label=Pages] a").all_inner_texts() == PAGES[PEOPLE[name]]
    assert PEOPLE[name].replace("_", " ") in page.locator(".person").inner_text().lower()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_selector("form[aria-label='Sign in']")
    assert complaints(page) == []


def test_a_wrong_password_is_refused_in_words(visit):
    page = visit(None)
    sign_in(page, "max", "seven grey stones fall")
    refused = page.get_by_role("alert")
    refused.wait_for()
    assert len(refused.inner_text()) > 10
    assert page.locator(".shell").count() == 0


def test_the_door_leads_to_a_provider_where_the_server_knows_one(visit):
    page = visit(None)
    page.wait_for_selector("form[aria-label='Sign in']")
    link = page.get_by_role("link", name="Sign in with your organisation")
    assert link.count() == 0
    told = {"ok": True, "at": "2026-01-01T00:00:00Z", "version": "1", "login_elsewhere": True}
    page.route("**/api/health", lambda route: route.fulfill(json=told))
    page.reload()
    link.wait_for()
    assert link.get_attribute("href") == "/api/oidc/start"


def test_a_page_of_another_role_stays_shut(visit):
    page = visit("olga", "/#/users")
    page.get_by_text("Users is not for your role.").wait_for()


def test_a_person_is_seen_to_move(twin, visit):
    page = visit("max", "/#/map")
    live(page)
    twin.place("t-ana", LON, LAT)
    row = page.locator(".asset-row[data-asset=p-ana]")
    row.locator(".asset-row-ago span").wait_for()  # heard: rows come in the order of concern, and do not move any more
    row.click()
    place, label = page.locator("[data-position]"), page.locator(".asset-label[data-asset=p-ana]")
    place.wait_for()
    label.wait_for(state="attached")
    page.wait_for_timeout(1500)  # the map comes to rest over the person
    before, at = place.get_attribute("data-position"), label.bounding_box()
    twin.place("t-ana", LON + 0.0012, LAT)
    page.wait_for_function("was => document.querySelector('[data-position]').dataset.position !== was", arg=before)
    page.wait_for_timeout(1200)  # the glide ends
    moved = label.bounding_box()
    assert moved["x"] > at["x"] + 20
    assert abs(moved["y"] - at["y"]) < 2


def test_the_map_shows_the_scene_and_its_layers(visit):
    page = visit("vera", "/#/map")
    live(page)
    page.wait_for_selector(".map[data-ready=yes]")
    with page.expect_response(lambda answer: "/tiles/" in answer.url and "/scene/" not in answer.url) as tile:
        page.get_by_role("button", name="Layers").click()
        page.get_by_label("Velocity toward the satellite").check()
    assert tile.value.ok
    assert any("/tiles/scene/" in url for url in page.asked)
    assert any(url.endswith("/api/layers/findings") for url in page.asked)
    page.get_by_text("Whole site").click()
    page.wait_for_timeout(1000)
    assert page.locator(".place-count").all_inner_texts().count("") == 0
    assert complaints(page) == []


def test_a_fall_rings_within_two_seconds_and_is_answered(twin, visit):
    page, other = visit("max", "/#/assets"), visit("vera", "/#/alarms")
    live(page)
    live(other)
    with within(2.0):
        twin.fall("t-bruno")
        page.locator(".strip", has_text="Bruno Costa").wait_for()
    page.locator(".strip").click()
    page.get_by_role("heading", name="A person is down").wait_for()
    assert page.get_by_text("Call the person by radio").is_visible()
    answer(page, "Acknowledge", "I have it", Note="on my way")
    page.locator(".life", has_text="Acknowledged").wait_for()
    assert "on my way" in page.locator(".life").inner_text()
    other.locator(".alarm[data-state=acknowledged]", has_text="Bruno Costa").wait_for()
    twin.fall("t-bruno", "ok")


def test_who_nobody_answers_is_taken_to_the_next(twin, visit):
    page = visit("vera", "/#/alarms")
    live(page)
    twin.fall("t-celia")
    card = page.locator(".alarm", has_text="Célia Dias")
    card.get_by_text("to answer").wait_for()
    card.get_by_text("escalated ×1").wait_for()
    answer(page, "Call outside aid: A person is down, Célia", "Call aid now", What_they_must_know="One person, plant")
    answer(page, "Acknowledge: A person is down, Célia", "I have it", Note="took over")
    card.get_by_role("link").click()
    assert "One person, plant" in page.locator(".life", has_text="Aid called").inner_text()
    twin.fall("t-celia", "ok")


def test_who_is_well_cancels_the_alarm_before_others_hear_it(twin, visit):
    page, other = visit("olga", "/#/alarms"), visit("max", "/#/assets")
    live(page)
    live(other)
    twin.fall("t-ana", "pre_alarm")
    page.locator(".alarm[data-state=raised]", has_text="Ana Ribeiro").wait_for()
    other.locator("tr[data-asset=p-ana]", has_text="Pre-alarm").wait_for()
    assert other.locator(".strip", has_text="Ana Ribeiro").count() == 0
    answer(page, "I am all right", "Cancel the pre-alarm")
    page.locator(".alarm", has_text="Ana Ribeiro").wait_for(state="detached")


def test_the_screen_shuts_up_only_where_it_says_so(twin, visit):
    page = visit("max", "/#/alarms")
    live(page)
    page.get_by_role("button", name="This browser keeps the page silent").click()
    sound = page.locator(".sound")
    page.get_by_role("button", name="Sound is on. Mute it").click()
    assert "Muted" in sound.inner_text()
    page.reload()
    live(page)
    assert "Muted" in page.locator(".sound").inner_text()


def test_a_finding_is_opened_and_decided(visit):
    page = visit("vera", "/#/findings")
    first = page.locator(".finding").first
    first.wait_for()
    name = first.get_attribute("data-finding")
    first.locator("a").click()
    page.get_by_role("heading", name="Evidence").wait_for()
    assert page.locator(".statement").inner_text()
    answer(page, "Confirm", "Confirm", Why="seen from the ramp")
    page.locator(f"[data-finding='{name}'][data-state=confirmed]").wait_for()
    assert "seen from the ramp" in page.locator(".life").inner_text()


def test_a_criterion_changes_by_two_people(visit):
    proposer, second = visit("susan", "/#/criteria"), visit("vera", "/#/criteria")
    version = int(proposer.locator("[data-version]").get_attribute("data-version"))
    proposer.get_by_role("button", name="Propose a change").click()
    form = proposer.get_by_role("form")
    form.get_by_text("The wall moves").click()
    form.get_by_label("levels › 2 › when › above").fill("0.03")
    form.get_by_label("levels › 2 › when › above").blur()
    form.get_by_role("row", name=re.compile("above.*0.02.*0.03")).wait_for()
    form.get_by_label("Why").fill("prism noise")
    form.get_by_role("button", name="Propose it").click()
    own = proposer.locator(".proposal")
    own.get_by_text("A second person must approve").wait_for()
    assert own.get_by_role("button").count() == 0
    second.reload()
    second.locator(".proposal", has_text="prism noise").wait_for()
    answer(second, "Approve", "Approve", Why="agreed on the round")
    second.wait_for_selector(f"[data-version='{version + 1}']")
    assert second.locator(".proposal").count() == 0
    proposer.reload()
    proposer.get_by_text("by susan with vera").wait_for()


def test_a_series_is_drawn_and_asked_again_where_it_is_looked_at(twin, visit):
    twin.read("s-prism/displacement", *[0.001 + 1e-6 * n for n in range(1200)], every_us=60_000_000)
    page = visit("vera", "/#/sensors")
    page.get_by_role("link", name="Prism N-4 · displacement, mm").click()
    page.wait_for_selector(".plot canvas")
    assert "mm" in page.locator(".latest").inner_text()
    with page.expect_request(re.compile("/series")) as asked:
        page.locator(".plot-room").focus()
        page.keyboard.press("+")
    assert "from=" in asked.value.url
    page.get_by_role("button", name="Back to now").wait_for()
    page.locator(".plot .u-over").hover()
    box = page.locator(".plot .u-over").bounding_box()
    with page.expect_request(re.compile("/series")):
        page.mouse.move(box["x"] + 100, box["y"] + 50)
        page.mouse.down()
        page.mouse.move(box["x"] + 300, box["y"] + 60, steps=4)
        page.mouse.up()
    assert complaints(page) == []


def test_a_lost_connection_is_told_and_regained(twin, visit):
    page = visit("vera", "/#/assets")
    live(page)
    twin.place("t-truck", LON, LAT)
    twin.shut_door()
    page.get_by_text("This screen is old.").wait_for()
    assert page.locator("[data-link=lost]").is_visible()
    twin.fall("t-celia", "pre_alarm")
    twin.open_door()
    live(page)
    page.locator("tr[data-asset=p-celia]", has_text="Pre-alarm").wait_for()
    assert page.get_by_text("This screen is old.").count() == 0
    assert re.search(r"/api/live\?after=[1-9]", page.sockets[-1])
    twin.fall("t-celia", "ok")


def test_a_session_that_ends_leads_back_to_the_door(visit):
    page = visit("max", "/#/alarms")
    live(page)
    page.context.clear_cookies()
    page.evaluate("location.hash = '#/findings'")
    page.wait_for_selector("form[aria-label='Sign in']")
    page.get_by_text("Your session has ended. Sign in again to go on.").wait_for()


def test_nothing_is_asked_of_anybody_else_and_the_policy_holds(twin, visit):
    twin.greet()
    page = visit("susan", "/")
    live(page)
    for title in PAGES["super_manager"]:
        page.locator("nav[aria-label=Pages]").get_by_role("link", name=title).click()
        settled(page)
        assert page.locator("main .trouble").count() == 0
    assert {url.split("/")[2] for url in page.asked if not url.startswith(("data:", "blob:"))} == {
        f"127.0.0.1:{twin.port}"
    }
    assert complaints(page) == []
    policy = page.request.get(twin.address).headers["content-security-policy"]
    assert "default-src" in policy
    assert not re.search(r"unsafe-(inline|eval)|https?:|\*", policy)
    inline = "document.querySelectorAll('script:not([src]), style').length"
    assert page.evaluate(inline) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_phone_and_names_what_can_be_pressed(visit, scheme):
    page = visit("susan", "/", viewport={"width": 360, "height": 740}, color_scheme=scheme)
    live(page)
    for title in PAGES["super_manager"]:
        page.evaluate(f"location.hash = '#/{title.lower()}'")
        settled(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, title
        nameless = page.eval_on_selector_all(
            "button, a, input, select, textarea",
            """all => all.filter(each => !(each.innerText || each.ariaLabel || each.title || each.labels?.length))
                         .map(each => each.outerHTML)""",
        )
        assert nameless == [], title


def test_the_keyboard_alone_is_enough(visit):
    page = visit("vera", "/#/map")
    live(page)
    page.wait_for_selector(".map[data-ready=yes]")
    page.keyboard.press("g")
    page.keyboard.press("f")
    page.get_by_role("heading", name="Findings").wait_for()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    page.reload()
    live(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Skip to the page"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_times_are_the_sites_with_utc_beside(visit):
    page = visit("vera", "/#/alarms", timezone_id="Asia/Tokyo")
    live(page)
    site, utc = (page.locator(selector).inner_text() for selector in (".clock b", ".clock .utc"))
    assert "UTC−3" in page.locator(".clock").inner_text()
    hours = [int(text.split(":")[0]) for text in (site, utc)]
    assert (hours[1] - hours[0]) % 24 == 3


def test_the_server_that_answers_nothing_is_told_in_words(visit):
    page = visit("vera", "/#/alarms")
    live(page)
    page.route(
        "**/api/findings",
        lambda route: route.fulfill(status=500, body=json.dumps({"error": {"what": "It broke.", "cure": "Ask."}})),
    )
    page.evaluate("location.hash = '#/findings'")
    trouble = page.locator("main .trouble")
    trouble.wait_for()
    assert "It broke. Ask." in trouble.inner_text()
    page.unroute("**/api/findings")
    page.get_by_role("button", name="Try again").click()
    trouble.wait_for(state="detached")
    settled(page)
