import io
import shutil

import pytest
from PIL import Image

from highwall.report.case_file import render_case

from .cases import LAPSED, case


def test_the_activity_of_a_patch_comes_with_its_probability():
    assert "<dd>continued mining (probability 0.83)</dd>" in render_case(case())


def test_an_unknown_activity_has_no_probability():
    text = render_case(case(activity="unknown", activity_probability=1.0))
    assert "<dt>Activity</dt><dd>unknown</dd>" in text
    assert "1.00" not in text


def test_outside_any_permit_names_those_that_are_not_in_force():
    text = render_case(case(not_in_force=[LAPSED, LAPSED | {"permit_id": "A-2", "holder": None}]))
    assert "No permit in force on 2024-06-15 covers this ground. A part of it lies in these" in text
    assert "<dd>A-1</dd>\n<dt>Holder</dt><dd>X</dd>\n<dt>Valid</dt><dd>2015-01-01 – 2021-01-01</dd>" in text
    assert "<dt>Permit</dt><dd>A-2</dd>\n<dt>Valid</dt>" in text
    assert "No permit is concerned" not in text


def test_outside_every_permit_says_so_and_no_more():
    text = render_case(case())
    assert "No permit in force on 2024-06-15 covers this ground." in text
    assert "A part of it lies in these" not in text


def test_a_finding_that_no_permit_is_about_says_so():
    text = render_case(case(kind="protected_area_entered"))
    assert "No permit is concerned." in text
    assert "in force on" not in text


@pytest.fixture
def printed(tmp_path):
    """Page as it is printed, on letter paper with Chromium's margins; of no picture, one and two."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium; apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        view = browser.new_page(viewport={"width": 739, "height": 979})
        view.emulate_media(media="print")

        def show(text: str):
            path = tmp_path / "case.html"
            path.write_text(text, encoding="utf-8")
            view.goto(path.as_uri())
            return view

        yield show
        browser.close()


@pytest.mark.browser
@pytest.mark.parametrize("names", [("after",), ("before", "after")])
def test_pictures_stand_on_the_first_page_beside_the_facts(printed, names: tuple[str, ...]):
    drawn = io.BytesIO()
    Image.new("RGB", (504, 546), "green").save(drawn, "PNG")
    view = printed(render_case(case(pictures=dict.fromkeys(names, drawn.getvalue()))))
    pictures = view.locator(".pair img").all()
    facts = view.locator("dl").first.bounding_box()
    assert len(pictures) == len(names)
    for box in (one.bounding_box() for one in pictures):
        assert box["y"] + box["height"] < 979
        assert box["x"] >= facts["x"] + facts["width"]
        assert box["width"] / box["height"] == pytest.approx(504 / 546, rel=0.01)
    assert abs(pictures[0].bounding_box()["y"] - facts["y"]) < 20


@pytest.mark.browser
def test_without_a_picture_the_facts_have_the_width_of_the_page(printed):
    text = render_case(case())
    assert "The run holds no scene to show." in text
    assert printed(text).locator("dl").first.bounding_box()["width"] == pytest.approx(739, abs=1)
