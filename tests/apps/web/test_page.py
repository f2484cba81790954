"""The page in a real browser: from upload to download, and all that may come between."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from temporal_colorize.apps.service import ServiceOptions
from temporal_colorize.apps.web import PageOptions
from temporal_colorize.colorizer import Colorizer
from temporal_colorize.inference.hints.entries import ab_of_rgb, parse_color
from temporal_colorize.sample.clip import render_sample
from temporal_colorize.video import rgb_at
from tests.support.browser import Site, Visit, Visitor, browser_marks
from tests.support.rtsp import RtspServer, needs_rtsp
from tests.support.service import Slow
from tests.support.videos import lumas_of, packets_of, write_video

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = browser_marks()


def test_upload_to_download(visit: Visit, tmp_path: Path) -> None:
    write_video(tmp_path / "night.mkv", count=25, audio="aac")
    visitor = visit()
    assert "not evidence" in visitor.page.locator("#statement").inner_text()
    visitor.page.get_by_text("More choices").click()
    visitor.page.get_by_role("checkbox", name="Lossless").check()
    visitor.upload(tmp_path / "night.mkv")
    assert "25 pictures" in visitor.says("is done")
    colored = visitor.download("#result", tmp_path)
    assert colored.name == "night.color.mkv"
    expected = lumas_of(tmp_path / "night.mkv")
    assert all(map(np.array_equal, lumas_of(colored), expected)) and len(lumas_of(colored)) == 25
    assert [payload for payload, _ in packets_of(colored, "audio")] == [
        payload for payload, _ in packets_of(tmp_path / "night.mkv", "audio")
    ]
    assert np.ptp(rgb_at(colored, 0.5)[0].astype(int), axis=-1).max() > 10
    record = json.loads(visitor.download("#record", tmp_path).read_text())
    assert "night.mkv" in json.dumps(record) and str(tmp_path.parent) not in json.dumps(record)
    assert len(lumas_of(visitor.download("#sure", tmp_path))) == 25


def test_a_colour_is_given_by_a_click_and_by_keys(visit: Visit, site: Site, tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mkv", count=10)
    visitor = visit()
    visitor.upload(tmp_path / "clip.mkv")
    visitor.says("is done")
    visitor.choose("Give a colour")
    visitor.page.mouse.click(*visitor.place(0.25, 0.06))
    visitor.page.locator(".given li").wait_for()
    visitor.page.locator(".stage").focus()
    for key in ("ArrowRight", "Shift+ArrowUp", "Enter"):
        visitor.page.keyboard.press(key)
    visitor.page.locator(".given li").nth(1).wait_for()
    assert "51 %, 45 %" in visitor.page.locator(".given").inner_text()
    assert visitor.page.locator(".marks circle").count() == 2
    visitor.choose("Compare")
    assert not visitor.page.locator(".marks circle").first.is_visible()
    visitor.choose("Give a colour")
    assert visitor.page.locator(".marks circle").first.is_visible()
    visitor.page.get_by_role("button", name="Remove the thing at 51 %").click()
    visitor.page.wait_for_function("document.querySelectorAll('.given li').length === 1")
    visitor.page.locator("#with-given").click()
    assert "1 given colour" in visitor.says("1 given colour")
    colored = visitor.download("#result", tmp_path)
    row, column = round(0.06 * 96), round(0.25 * 128)
    here = ab_of_rgb(rgb_at(colored, 0)[0])[row - 1 : row + 2, column - 1 : column + 2].mean((0, 1))
    assert np.hypot(*(here - parse_color("given", "#a02030"))) < 8


def test_focus_is_seen(visit: Visit, tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mkv", count=5)
    visitor = visit()
    visitor.upload(tmp_path / "clip.mkv")
    visitor.says("is done")
    rings = """() => [document.activeElement, document.activeElement.closest("label")].filter(Boolean)
        .map(one => getComputedStyle(one)).filter(one => one.outlineStyle === "solid").map(one => one.outlineWidth)"""
    for part in ("#tool input:checked", ".divide", ".timeline input", "#overlay input"):
        visitor.page.locator(part).focus()
        visitor.page.keyboard.press("Shift+Tab")
        visitor.page.keyboard.press("Tab")
        assert visitor.page.locator(part).evaluate("one => one === document.activeElement"), part
        assert "3px" in visitor.page.evaluate(rings), part


def test_a_stroke_and_a_question(visit: Visit, tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mkv", count=10)
    visitor = visit()
    visitor.upload(tmp_path / "clip.mkv")
    visitor.says("is done")
    visitor.choose("Paint")
    visitor.page.mouse.move(*visitor.place(0.2, 0.5))
    visitor.page.mouse.down()
    visitor.page.mouse.move(*visitor.place(0.6, 0.7), steps=8)
    visitor.page.mouse.up()
    visitor.page.locator(".given li").wait_for()
    assert "stroke at 20 %, 50 %" in visitor.page.locator(".given").inner_text()
    visitor.choose("Ask for colours")
    for place in ((0.25, 0.25), (0.75, 0.5)):
        visitor.page.mouse.click(*visitor.place(*place))
        visitor.page.wait_for_timeout(300)
    visitor.page.wait_for_function("document.querySelector('#box textarea, #box input').value !== ''")
    box = [int(part) for part in visitor.page.locator("#box").locator("textarea, input").input_value().split(",")]
    assert np.abs(np.subtract(box, [32, 24, 64, 24])).max() <= 1
    visitor.page.locator("#ask").click()
    visitor.page.locator(".answer tbody tr").first.wait_for()
    shares = [float(cell.strip(" %")) for cell in visitor.page.locator(".answer td:nth-child(2)").all_inner_texts()]
    assert shares == sorted(shares, reverse=True) and 90 <= sum(shares) <= 103


def test_a_job_is_cancelled(visit: Visit, colorizer: Slow, tmp_path: Path) -> None:
    colorizer.pause = 0.1
    write_video(tmp_path / "clip.mkv", count=200)
    visitor = visit()
    visitor.upload(tmp_path / "clip.mkv")
    visitor.says("left")
    visitor.page.locator("#cancel").click()
    visitor.says("was cancelled")
    colorizer.pause = 0
    visitor.page.locator("#cancel").wait_for(state="hidden")
    visitor.page.locator("#again").click()
    visitor.says("is done")


def test_a_page_loaded_anew_finds_its_job(visit: Visit, colorizer: Slow, tmp_path: Path) -> None:
    colorizer.pause = 0.05
    write_video(tmp_path / "clip.mkv", count=80)
    visitor = visit()
    visitor.upload(tmp_path / "clip.mkv")
    visitor.says("left")
    visitor.page.reload()
    visitor.is_ready()
    visitor.says("left")
    visitor.page.locator(".viewer .color:not([hidden])").wait_for()
    colorizer.pause = 0
    visitor.says("is done")
    visitor.page.locator(".timeline .sureness").wait_for()
    visitor.page.locator("#result").wait_for()


def test_a_phone_in_the_dark(visit: Visit, tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mkv", count=5)
    visitor = visit(viewport={"width": 390, "height": 844}, color_scheme="dark", has_touch=True)
    visitor.upload(tmp_path / "clip.mkv")
    visitor.says("is done")
    wide = "document.documentElement.scrollWidth"
    for tool in ("Give a colour", "Paint", "Ask for colours", "Compare"):
        visitor.choose(tool)
        assert visitor.page.evaluate(wide) <= 390, tool
    visitor.page.get_by_role("tab", name="A camera").click()
    visitor.page.locator("#watch").wait_for()
    assert visitor.page.evaluate(wide) <= 390
    back = visitor.page.evaluate("getComputedStyle(document.querySelector('.gradio-container')).backgroundColor")
    assert max(int(part) for part in back.strip("rgba()").split(",")[:3]) < 60
    for place in (0, 10_000):  # the statement is in sight wherever the page is scrolled to
        visitor.page.evaluate("place => window.scrollTo(0, place)", place)
        box = visitor.page.locator("#statement").bounding_box()
        assert 0 <= box["y"] <= box["y"] + box["height"] <= 845 and box["height"] > 15


def test_times_are_chosen_with_keys(visit: Visit, tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mkv", count=50)
    visitor = visit()
    visitor.upload(tmp_path / "clip.mkv")
    visitor.says("is done")
    bar = visitor.page.locator(".timeline input")
    visitor.page.wait_for_function("!document.querySelector('.timeline input').disabled")
    bar.fill("1.5")
    visitor.page.wait_for_function("document.querySelector('.timeline output').textContent === '1.48 s'")
    before = visitor.page.locator(".viewer .color").get_attribute("src")
    bar.focus()
    visitor.page.keyboard.press("Home")
    visitor.page.wait_for_function("document.querySelector('.timeline output').textContent === '0.00 s'")
    visitor.page.wait_for_function("before => document.querySelector('.viewer .color').src !== before", arg=before)
    visitor.page.locator(".divide").focus()
    visitor.page.keyboard.press("End")
    assert "100%" in visitor.page.locator(".stage").get_attribute("style")


@needs_rtsp
def test_a_camera_beside_its_colours(visit: Visit) -> None:
    visitor = visit()
    visitor.page.get_by_role("tab", name="A camera").click()
    with RtspServer("--size", "160x96") as camera:
        visitor.page.locator("#address").locator("textarea, input").fill(camera.url)
        visitor.page.locator("#watch").click()
        pictures = visitor.page.locator(".live img:not([hidden])")
        pictures.nth(1).wait_for()
        first = pictures.nth(1).get_attribute("src")
        visitor.page.wait_for_function("first => document.querySelector('.live .color').src !== first", arg=first)
        visitor.page.locator("#live-status").get_by_text("pictures a second").wait_for()
        camera.kill()
        visitor.page.locator("#live-status .notes li").nth(1).wait_for()
    visitor.page.locator("#stop").click()
    visitor.page.locator("#live-status").get_by_text("Nothing is kept").wait_for()
    visitor.page.locator("#address").locator("textarea, input").fill("/etc/passwd")
    visitor.page.locator("#watch").click()
    visitor.page.locator("#live-problem").get_by_text("is no camera's address").wait_for()


@pytest.mark.slow
def test_the_first_picture_in_colour_comes_within_two_seconds(
    browser: "Browser", tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("shipped")
    render_sample(folder / "clip.mp4", seconds=2)
    site = Site(Colorizer.load(), folder, usual={}, service=ServiceOptions(), options=PageOptions())
    visitor, seconds = Visitor(browser, site.url), []
    visitor.upload(folder / "clip.mp4")
    visitor.says("is done")
    for _ in range(3):
        before, start = visitor.page.locator(".viewer .color").get_attribute("src"), time.monotonic()
        visitor.upload(folder / "clip.mp4")
        changed = "before => document.querySelector('.viewer .color').src !== before"
        visitor.page.wait_for_function(changed, arg=before)
        seconds.append(time.monotonic() - start)
        visitor.says("left")
        visitor.says("is done")
    visitor.close()
    site.close()
    assert min(seconds) < 2, seconds
