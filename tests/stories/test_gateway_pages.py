"""The pages of gateways and tokens in Chromium: a configuration is sent and rolled back, a token made and ended."""

import json
import re
from typing import Any

import httpx
import pytest
from tests.stories.twin_browser import complaints, live
from tests.stories.twin_site import GATEWAY

pytestmark = pytest.mark.browser


def field(page: Any, path: str) -> Any:
    return page.locator(f"[name='{path}']")


def opened(page: Any, *paths: str) -> None:
    """Open parts of the form, the outer ones first."""
    for path in paths:
        page.locator(f"details[data-path='{path}'] > summary").click()


def send(page: Any, why: str) -> None:
    page.get_by_role("button", name=re.compile("^Send version")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill(why)
    dialog.get_by_role("button", name="Sign and send").click()
    dialog.wait_for(state="detached")


def differences(page: Any) -> dict[str, str]:
    rows = page.locator(".config-side [data-difference]")
    return {row.get_attribute("data-difference"): row.locator("dd").inner_text() for row in rows.all()}


def test_a_configuration_is_drafted_sent_put_in_force_and_rolled_back(twin, visit):
    page = visit("susan", "/#/gateways")
    live(page)
    page.locator(f".gateway[data-gateway={GATEWAY}] .card-title a").click()
    opened(page, "limits", "scan", "watch")
    assert page.locator("[data-path=limits] .schema-unit").all_inner_texts() == ["MiB", "s", "s"]
    field(page, "limits.heartbeat_s").fill("0")
    page.get_by_text("It goes from 0.1 to 3600.").first.wait_for()
    assert page.get_by_role("button", name="Send version 1").is_disabled()
    field(page, "limits.heartbeat_s").fill("")
    field(page, "limits.heartbeat_s").press_sequentially("12.05", delay=30)
    assert (field(page, "limits.heartbeat_s").input_value(), differences(page)["limits.heartbeat_s"]) == (
        "12.05", "15 → 12.05",
    )  # fmt: skip
    field(page, "limits.heartbeat_s").fill("30")
    page.get_by_label("Watch is used").check()
    field(page, "watch.folder").fill("/data/camera")
    field(page, "watch.folder").blur()
    assert differences(page)["limits.heartbeat_s"] == "15 → 30"
    assert "/data/camera" in differences(page)["watch"]
    send(page, "look at the pit")
    page.locator("[data-version='1']").get_by_text("Not reported").wait_for()
    given = {"gateway": GATEWAY, "version": 1, "limits": {"heartbeat_s": 30}, "watch": {"folder": "/data/camera"}}
    assert twin.works_by_newest() == given
    page.reload()
    page.locator("[data-version='1']").get_by_text("In force").wait_for()
    opened(page, "limits")
    assert field(page, "limits.heartbeat_s").input_value() == "30"
    page.locator("[data-version='0']").get_by_role("button", name="Roll back to it").click()
    assert differences(page)["limits.heartbeat_s"] == "30 → 15"
    send(page, "as before")
    page.locator("[data-version='2']").wait_for()
    assert twin.works_by_newest() == {"gateway": GATEWAY, "version": 2}
    assert complaints(page) == []


def test_readers_and_their_devices_are_entered_by_fields(visit):
    page = visit("susan", f"/#/gateways/{GATEWAY}")
    live(page)
    opened(page, "readers")
    page.locator("details[data-path=readers] > button").click()
    field(page, "readers.0.kind").select_option("lorawan")
    field(page, "readers.0.topics").fill("application/+/device/+/event/up, application/+/device/+/rx")
    field(page, "readers.0.topics").blur()
    opened(page, "readers.0.devices")
    page.get_by_label("Name of a new one in Devices").fill("0011223344556677")
    page.locator("details[data-path='readers.0.devices'] > .schema-add button").click()
    field(page, "readers.0.devices.0011223344556677.thing").fill("crack-7")
    field(page, "readers.0.devices.0011223344556677.thing").blur()
    said = differences(page)["readers"]
    assert "crack-7" in said
    assert "application/+/device/+/rx" in said
    assert complaints(page) == []


def test_a_sensor_is_calibrated_and_what_came_of_it_is_told(twin, visit):
    page = visit("vera", "/#/gateways")
    live(page)
    card = page.locator(f".gateway[data-gateway={GATEWAY}]")
    card.get_by_role("button", name="Command").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What it shall do").wait_for()
    assert dialog.get_by_label("Sensor").count() == 0
    dialog.get_by_label("What it shall do").select_option(label="Calibrate")
    dialog.get_by_label("Sensor").fill("s-prism/displacement")
    dialog.get_by_label("What it should read now").fill("-0.0015")
    dialog.get_by_role("button", name="Send").click()
    dialog.wait_for(state="detached")
    assert twin.newest_command().arguments == {"datastream": "s-prism/displacement", "reference": -0.0015}
    twin.answer_command(verb="calibrate", outcome="refused", reason="3 readings were heard; 5 are needed.")
    card.get_by_text("Commands").click()
    said = card.locator("[data-command=calibrate]").get_by_text("refused: 3 readings were heard; 5 are needed.")
    said.wait_for()
    assert complaints(page) == []


def test_a_gateway_that_has_no_place_yet_is_let_in(visit):
    page = visit("susan", "/#/gateways")
    live(page)
    page.get_by_role("button", name="New gateway").click()
    dialog = page.get_by_role("dialog", name="New gateway")
    dialog.get_by_label("Name").fill("Spare box")
    place = dialog.get_by_label("Where it will stand")
    assert place.locator("option").all_inner_texts() == ["Nowhere yet", "Pit", "Plant"]
    dialog.get_by_role("button", name="Make a code").click()
    page.get_by_role("dialog", name="Code for the gateway").locator(".code").wait_for()
    assert complaints(page) == []


def test_supervisors_see_gateways_and_no_configuration(visit):
    page = visit("vera", f"/#/gateways/{GATEWAY}")
    page.get_by_text("Configurations are not for your role.").wait_for()


def test_a_token_is_shown_once_works_and_is_ended(twin, visit):
    page = visit("susan", "/#/tokens")
    live(page)
    page.get_by_text("There is no token.").wait_for()
    page.get_by_role("button", name="New token").click()
    dialog = page.get_by_role("dialog", name="New token")
    dialog.get_by_label("What it is for").fill("Dispatch system")
    dialog.get_by_label("In the name of").select_option("max")
    assert dialog.get_by_label("manage users").count() == 0  # a manager's token cannot
    assert dialog.get_by_role("button", name="Make the token").is_disabled()
    dialog.get_by_label("see assets").check()
    dialog.get_by_role("button", name="Make the token").click()
    shown = page.locator(".token-secret")
    shown.wait_for()
    headers = {"Authorization": f"Bearer {shown.inner_text()}"}
    page.get_by_role("button", name="I have it").click()
    assert httpx.get(f"{twin.address}/api/assets", headers=headers).status_code == 200
    assert httpx.get(f"{twin.address}/api/alarms", headers=headers).status_code == 403
    row = page.locator("tr[data-token]").first
    assert [row.locator(f"[data-head='{head}']").inner_text() for head in ("In the name of", "May", "State")] == [
        "max", "see assets", "Good",
    ]  # fmt: skip
    assert "Bearer" not in page.content()
    assert shown.count() == 0
    row.get_by_role("button", name="End it").click()
    page.get_by_role("dialog").get_by_role("button", name="End it").click()
    row.get_by_text("Ended").wait_for()
    assert httpx.get(f"{twin.address}/api/assets", headers=headers).status_code == 401
    page.goto(f"{twin.address}/#/audit")
    page.get_by_text(re.compile("revoke.token", re.IGNORECASE)).first.wait_for()
    assert json.dumps(headers)[20:40] not in page.content()
    assert complaints(page) == []
