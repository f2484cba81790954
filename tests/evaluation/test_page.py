"""The report as a page: the same numbers as in Markdown, and pictures that a slider compares."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from temporal_colorize.evaluation.blocks import Block, Heading, Plots, Table, Words, markdown
from temporal_colorize.evaluation.page import write_page
from temporal_colorize.evaluation.shown import Moment, ShownScene

CHROMIUM = shutil.which("chromium")
ROWS = {"grey": {"PSNR": 20.123, "AuC": 89.0}, "ours, <default>": {"AuC": 91.456, "PSNR, last tenth less first": 0.051}}
BLOCKS: list[Block] = [Heading("A & B"), Words("x < y\n"), Plots("net.png", "plots"), Heading("deep", 3), Table(ROWS)]
LAYERS = {"grey": "grey", "net": "net, default", "truth": "truth"}
COLOURS = {"grey": (128, 128, 128), "net, default": (200, 40, 40), "truth": (40, 40, 200)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pictures = {row: np.full((90, 160, 3), colour, np.uint8) for row, colour in COLOURS.items()}
    errors = {"grey": 12.34, "net, default": 5.67, "truth": 0.0}
    still = ShownScene("val/still <b>.png", 1, list(COLOURS), [Moment(1, pictures, errors)])
    moments = [Moment(number, pictures, errors) for number in (1, 4, 8)]
    scenes = [still, ShownScene("val/clip <b>.mp4", 8, list(COLOURS), moments)]
    cv2.imwrite(str(tmp_path / "net.png"), np.full((20, 30, 3), 9, np.uint8))
    write_page(tmp_path, BLOCKS, scenes, LAYERS, title="Evaluation of <net>")
    return tmp_path


class Cells(HTMLParser):
    """Collects the text of cells, row by row."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.rows += [[]] if tag == "tr" else []
        if tag in ("td", "th"):
            self.rows[-1].append("")
        self._inside = tag in ("td", "th")

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.rows[-1][-1] += data


def test_both_say_the_same(folder: Path) -> None:
    text = markdown(BLOCKS)
    lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith("|---")]
    said = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert Cells((folder / "report.html").read_text()).rows == said
    assert said[1:] == [["grey", "20.12", "89.00", ""], ["ours, <default>", "", "91.46", "0.05"]]
    assert "## A & B\n\nx < y\n\n![plots](net.png)\n\n### deep\n\n| | PSNR" in text


def test_it_stands_by_itself_and_names_are_no_markup(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert "http" not in page and "//" not in page.replace("// ", "")
    assert "<net>" not in page and "<default>" not in page and "&lt;b&gt;" in page and "x &lt; y" in page
    assert len(list((folder / "scenes").iterdir())) == (1 + 3) * len(LAYERS)


def test_a_clip_has_its_moments_in_time_order_with_their_errors(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    (section,) = re.findall(r"<section>.*</section>", page)
    captions = re.findall("<figcaption>(.*?)</figcaption>", section)
    assert len(set(re.findall('aria-label="(.*?)"', page))) == 1 + 3 + 1  # each slider's own, and the table's
    assert captions == [f"frame {number} of 8: ab error grey 12.3, net 5.7" for number in (1, 4, 8)]
    assert "<figcaption>still &lt;b&gt;.png: ab error grey 12.3, net 5.7</figcaption>" in page
    files = [file for found in re.findall('data-files="(.*?)"', page) for file in found.split()]
    assert len(set(files)) == len(files) and all((folder / file).is_file() for file in files)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
def test_in_a_browser(folder: Path) -> None:
    playwright_api = pytest.importorskip("playwright.sync_api")
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 360, "height": 740}, color_scheme="dark")
        asked, said = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto((folder / "report.html").as_uri())

        def colour_at(share: float) -> np.ndarray:
            shot = page.locator("figure div").first.screenshot()
            picture = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
            return picture[picture.shape[0] // 2, round(share * picture.shape[1])].astype(int)

        grey, ours, truth = COLOURS.values()
        np.testing.assert_allclose([colour_at(0.25), colour_at(0.75)], [grey, ours], atol=3)
        slider = page.locator("figure input").first
        slider.focus()
        for _ in range(40):
            page.keyboard.press("ArrowLeft")
        assert slider.input_value() == "10"
        np.testing.assert_allclose([colour_at(0.05), colour_at(0.25)], [grey, ours], atol=3)
        picture = page.locator("figure div").first
        box = picture.bounding_box()
        picture.click(position={"x": 0.8 * box["width"], "y": 9})
        assert slider.input_value() == "80"
        np.testing.assert_allclose([colour_at(0.75), colour_at(0.85)], [grey, ours], atol=3)
        page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 9)
        page.mouse.down()
        page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 9, steps=3)
        assert slider.input_value() == "30"
        page.mouse.move(box["x"] - 5, box["y"] + 9)  # beyond its edge
        page.mouse.up()
        page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 9)  # no button is held
        assert slider.input_value() == "0"
        np.testing.assert_allclose(colour_at(0.25), ours, atol=3)
        page.get_by_label("right").select_option("truth")
        page.wait_for_function("document.querySelector('.right').complete")
        np.testing.assert_allclose(colour_at(0.75), truth, atol=3)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360  # wide tables scroll by themselves
        head, row = (page.locator("tr").nth(number).bounding_box()["height"] for number in (0, 1))
        assert head == pytest.approx(row, abs=1)
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        browser.close()
    assert paper == "rgb(22, 22, 24)"
    assert not said and all(url.startswith(("file:", "data:")) for url in asked)
