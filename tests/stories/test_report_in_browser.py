"""The report as a reader opens it: Chromium, no network, screen and print."""

import shutil

import pytest

from highwall.workflows.watching.monitor import monitor

pytestmark = pytest.mark.browser


@pytest.fixture
def page(small_site):
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium; apt-get install chromium")
    from playwright.sync_api import sync_playwright

    small_site.write_permits(
        permit_id=["<script>document.title='taken'</script>"], holder=["A & B"], valid_from=["2020-01-01"],
        valid_to=["2021-01-01"],
    )  # fmt: skip
    monitor(small_site.yaml, small_site.folder / "run")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1000, "height": 1400})
        page.requests, page.complaints = [], []
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto((small_site.folder / "run" / "report.html").as_uri())
        yield page
        browser.close()


def test_it_asks_for_nothing_and_complains_of_nothing(page):
    assert [url for url in page.requests if not url.startswith(("file:", "data:"))] == []
    assert page.complaints == []


def test_text_from_files_stays_text(page):
    assert page.title() == "Small · Highwall report"
    assert "<script>" in page.inner_text("body")


def test_pictures_are_drawn_and_nothing_runs_off_the_page(page):
    sizes = page.eval_on_selector_all("img", "images => images.map(image => [image.naturalWidth, image.alt])")
    assert len(sizes) >= 3
    assert all(width > 200 and alt for width, alt in sizes)
    for width in (360, 1000):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_it_prints(page):
    document = page.pdf(format="A4")
    assert document.startswith(b"%PDF")
    assert 1 <= document.count(b"/Type /Page\n") + document.count(b"/Type /Page ") + document.count(b"/Type/Page") <= 12


def test_provenance_opens(page):
    first = page.locator("details").last
    assert not first.locator("pre").is_visible()
    first.locator("summary").click()
    assert first.locator("pre").is_visible()
