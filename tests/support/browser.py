"""A real browser, Debian's Chromium, before the real page."""

import importlib.util
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from temporal_colorize.apps.server import ServerOptions
from temporal_colorize.apps.server.app import application, keep_gradio_inside
from temporal_colorize.apps.service import Service, ServiceOptions
from temporal_colorize.apps.web import PageOptions, dressed, page
from temporal_colorize.colorizer import Colorizer
from tests.support.rtsp import free_port, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium")
WAIT = 30_000  # milliseconds; the machine may be busy


def browser_marks() -> list[pytest.MarkDecorator]:
    """Return the marks of tests that need Chromium and Playwright."""
    is_there = CHROMIUM is not None and all(map(importlib.util.find_spec, ("playwright", "gradio")))
    reason = "no Chromium for a browser test: apt-get install chromium, pip install .[test] (see Makefile)"
    return [pytest.mark.browser, pytest.mark.skipif(not is_there, reason=reason)]


@contextmanager
def chromium() -> "Iterator[Browser]":
    """Start a browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Site:
    """What serve.py serves, on a free port of this machine until it is closed.

    Attributes:
        url: Its address.
        service: What colours.
    """

    def __init__(
        self, colorizer: Colorizer, folder: Path, *, usual: dict[str, object], service: ServiceOptions,
        options: PageOptions,
    ) -> None:  # fmt: skip
        import uvicorn

        self._before = os.environ.get("GRADIO_TEMP_DIR")
        self.service = Service(colorizer, service, usual=usual, parent=folder)
        keep_gradio_inside(self.service)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/"
        app = application(self.service, ServerOptions(port=port), page(self.service, colorizer, options), dressed())
        config = uvicorn.Config(app, port=port, log_level="warning", ws="none", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        wait_until(lambda: self._server.started, seconds=30, what="the server is up")

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self.service.close()
        os.environ.pop("GRADIO_TEMP_DIR")
        if self._before is not None:  # another site of this process goes on
            os.environ["GRADIO_TEMP_DIR"] = self._before


class Visitor:
    """Somebody with a browser of his own.

    Attributes:
        page: Playwright's.
        hosts: That his browser has asked for anything.
        faults: What his browser complained of.
    """

    def __init__(self, browser: "Browser", url: str, **context: object) -> None:
        self.hosts: set[str | None] = set()
        self.faults: list[str] = []
        self._context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context})
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(WAIT)
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.goto(url)
        self.is_ready()

    def is_ready(self) -> None:
        """Wait until the page has answered, by which it knows its visitor."""
        self.page.locator("#status :is(.quiet, .state)").wait_for()
        self.page.locator("#file input[type=file]").wait_for(state="attached")

    def upload(self, path: Path) -> None:
        self.page.locator("#file input[type=file]").set_input_files(path)

    def says(self, words: str) -> str:
        """Wait until the status says something; return all of it."""
        status = self.page.locator("#status")
        status.get_by_text(words).wait_for()
        return status.inner_text()

    def choose(self, tool: str) -> None:
        self.page.get_by_role("radio", name=tool).check()
        key = {"Compare": "look", "Give a colour": "point", "Paint": "paint", "Ask for colours": "ask"}[tool]
        self.page.locator(f'.stage[data-mode="{key}"]').wait_for()

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Say where a place of the picture, in shares of it, is on the screen."""
        stage = self.page.locator(".stage")
        stage.scroll_into_view_if_needed()
        box = stage.bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def download(self, button: str, folder: Path) -> Path:
        """Click on a button that offers a file, and keep that."""
        self.page.wait_for_function(  # of the job that is done: the line that says so may be drawn before the button
            "button => !document.querySelector(button)?.textContent.includes('the last')", arg=button
        )
        with self.page.expect_download() as download:
            self.page.locator(button).click()
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        return path

    def close(self) -> None:
        self._context.close()


Visit = Callable[..., Visitor]  # what opens the page once more, for somebody else
