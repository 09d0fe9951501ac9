"""What people do on the pages, in Chromium: an alarm is put aside for as long as it may be, a request is put away."""

import pytest
from tests.stories.twin_browser import complaints, live

pytestmark = pytest.mark.browser


def test_an_alarm_is_shelved_for_the_longest_that_it_allows_though_this_clock_is_ahead(twin, visit):
    page = visit("vera")
    page.clock.install(time=page.evaluate("Date.now()") / 1000 + 600)
    page.goto(twin.address + "/#/alarms")
    page.reload()
    live(page)
    twin.read("s-prism/displacement", 0.03)
    alarm = page.locator(".alarm", has_text="The wall moves").first
    alarm.get_by_role("button", name="Shelve").click()
    dialog = page.get_by_role("dialog")
    span = dialog.locator("[name=for_s]")
    assert span.locator("option").all_inner_texts() == ["15 minutes", "1 hour", "4 hours", "8 hours"]
    span.select_option(label="8 hours")
    dialog.get_by_label("Why").fill("the drill works there")
    dialog.get_by_role("button", name="Shelve it").click()
    dialog.wait_for(state="detached")
    alarm.get_by_text("Shelved").first.wait_for()
    assert complaints(page) == []


def test_a_request_to_replace_a_tag_is_put_away(twin, visit):
    asker = visit("max", "/#/tags")
    live(asker)
    asker.locator("tr[data-tag=t-ana]").get_by_role("button", name="Replace").click()
    dialog = asker.get_by_role("dialog")
    dialog.get_by_label("By the tag").fill("t-spare")
    dialog.get_by_label("Why").fill("its strap is torn")
    dialog.get_by_role("button", name="Ask to replace it").click()
    asker.locator("[data-replacement]").get_by_text("Someone of another role must approve it.").wait_for()
    assert asker.get_by_role("button", name="Reject").count() == 0
    page = visit("vera", "/#/tags")
    request = page.locator("[data-replacement]")
    request.get_by_role("button", name="Reject").click()
    request.wait_for(state="detached")
    assert page.locator("tr[data-tag=t-ana]").get_by_text("Bound").is_visible()
    assert complaints(page) == complaints(asker) == []


def test_whoever_asked_to_replace_a_tag_withdraws_it(twin, visit):
    page = visit("max", "/#/tags")
    live(page)
    page.locator("tr[data-tag=t-ana]").get_by_role("button", name="Replace").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("By the tag").fill("t-spare")
    dialog.get_by_label("Why").fill("its strap is torn")
    dialog.get_by_role("button", name="Ask to replace it").click()
    request = page.locator("[data-replacement]")
    request.get_by_role("button", name="Withdraw").click()
    request.wait_for(state="detached")
    assert page.locator("tr[data-tag=t-ana]").get_by_text("Bound").is_visible()
    assert complaints(page) == []
