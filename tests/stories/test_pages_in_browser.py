"""Pages that people work with, as they open them: the points to judge, and the case file with its print."""

import shutil

import numpy as np
import pandas as pd
import pytest

from highwall.report.labeller import Chip, render_labeller
from highwall.workflows.watching.case_file import print_pdf

pytestmark = pytest.mark.browser


@pytest.fixture
def labeller(tmp_path):
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium; apt-get install chromium")
    from playwright.sync_api import sync_playwright

    picture = np.random.default_rng(0).integers(0, 255, (21, 21, 3), dtype=np.uint8)
    chips = [Chip(7, picture), Chip(8, None), Chip(9, picture)]
    path = tmp_path / "labeller.html"
    path.write_text(render_labeller(chips, classes=["mine", 'none, "bare"']), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 360, "height": 800}, accept_downloads=True)
        page.requests, page.complaints = [], []
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(path.as_uri())
        yield page
        browser.close()


def test_points_are_judged_by_key_and_button_and_saved(labeller, tmp_path):
    labeller.keyboard.press("1")
    assert "Point 8 (2 / 3)" in labeller.inner_text("#where")
    labeller.get_by_role("button", name='none, "bare"').click()
    labeller.keyboard.press("ArrowLeft")
    pressed = labeller.get_by_role("button", name='none, "bare"').get_attribute("aria-pressed")
    assert pressed == "true"
    with labeller.expect_download() as download:
        labeller.get_by_role("button", name="Save").click()
    download.value.save_as(tmp_path / "reference.csv")
    saved = pd.read_csv(tmp_path / "reference.csv")
    assert saved.to_dict("list") == {"point": [7, 8], "reference": ["mine", 'none, "bare"']}


def test_answers_outlive_a_reload_and_nothing_leaves_the_page(labeller):
    labeller.keyboard.press("2")
    labeller.wait_for_function("() => document.querySelector('#where').innerText.includes('Point 8')")
    labeller.wait_for_timeout(500)  # Chromium hands its storage on a moment later
    labeller.reload()
    assert "Point 8" in labeller.inner_text("#where")
    assert [url for url in labeller.requests if not url.startswith(("file:", "data:"))] == []
    assert labeller.complaints == []
    assert labeller.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_page_prints_beside_itself(tmp_path):
    if shutil.which("chromium") is None:
        pytest.skip("no chromium; apt-get install chromium")
    page = tmp_path / "case.html"
    page.write_text("<h1>Case</h1>", encoding="utf-8")
    printed = print_pdf(page)
    assert printed == tmp_path / "case.pdf"
    assert printed.read_bytes().startswith(b"%PDF")
