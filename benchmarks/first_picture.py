"""How long a visitor of the web page waits from his upload to the first picture in colour.

python -m benchmarks.first_picture [--visits 7] [--others 0 1 3] [--against CHECKOUT ...] [--output first.json]
    [OPTION=VALUE ...]

A real server, serve.py in a process of its own, and Debian's Chromium as its visitor, on the same cores. The clip is
1080p, of a rendered swinging camera, which leaves nothing to the gate; the others have each handed in a long one over
REST, of which the first runs and the rest wait. The time is from the moment the browser is given the file until it has
decoded the coloured picture. Every visitor is a new one. With --against, the servers of other checkouts are visited in
turn with this one's. Options go on to every serve.py.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from benchmarks.scaling import repeat
from temporal_colorize.sample.clip import render_sample

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Job = Callable[[Callable[..., httpx.Response]], httpx.Response]  # sends a request about itself
HERE = Path(__file__).parents[1]
TARGET = 2.0  # seconds, of issue and docs
_SECONDS, _REPEATED = 8, 30  # of the clip, and how often of the others'
_RUNNING = 20  # frames after which the first of the others' jobs is in its stride
_COLORED = "() => { const one = document.querySelector('.stage img.color'); return one?.src && one.naturalWidth > 0 }"
_WAIT = 60_000  # milliseconds


class Server:
    """serve.py of a checkout.

    Attributes:
        address: Where it is.
    """

    def __init__(self, checkout: Path, folder: Path, options: list[str]) -> None:
        command = [sys.executable, "serve.py", "port=0", f"temporary={folder}", *options]
        self._process = subprocess.Popen(command, cwd=checkout, stdout=subprocess.PIPE, text=True)
        said = re.match(r"(http://\S+)/ is open", self._process.stdout.readline())
        if said is None:
            raise RuntimeError(f"serve.py of {checkout} did not start")
        self.address = said[1]

    @contextlib.contextmanager
    def busy(self, clip: Path, count: int) -> Iterator[None]:
        """Have so many others' jobs there, of which one runs."""
        with httpx.Client(base_url=self.address, timeout=_WAIT / 1000) as client:
            jobs = [self._submit(client, clip) for _ in range(count)]
            while jobs and jobs[0](client.get).json()["frames"] < _RUNNING:
                time.sleep(0.1)
            yield
            if jobs and jobs[0](client.get).json()["state"] != "running":
                raise RuntimeError("the others' job ended too early: take fewer visits")
            for job in jobs:
                job(client.delete)

    def _submit(self, client: httpx.Client, clip: Path) -> Job:
        with clip.open("rb") as video:
            made = client.post("/api/jobs", files={"video": video}).raise_for_status().json()
        return lambda send: send(f"/api/jobs/{made['id']}", headers={"X-Job-Token": made["token"]}).raise_for_status()

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)


def visit(browser: "Browser", address: str, clip: Path) -> float:
    """Upload a clip as a new visitor; return the seconds until it is seen in colour, and withdraw its job."""
    with contextlib.closing(browser.new_context(viewport={"width": 1280, "height": 900})) as context:
        page = context.new_page()
        page.set_default_timeout(_WAIT)
        page.goto(address)
        page.locator("#status :is(.quiet, .state)").wait_for()
        entry = page.locator("#file input[type=file]")
        entry.wait_for(state="attached")
        began = time.perf_counter()
        entry.set_input_files(clip)
        page.wait_for_function(_COLORED)
        took = time.perf_counter() - began
        page.locator("#cancel").click()
        page.locator("#cancel").wait_for(state="hidden")
        return took


def measure(servers: dict[str, Server], folder: Path, *, visits: int, others: list[int]) -> list[dict[str, object]]:
    """Visit all servers in turn, with so many others' jobs each time; return a row for each."""
    from playwright.sync_api import sync_playwright

    clip, long = folder / "clip.mp4", folder / "long.mp4"
    render_sample(clip, width=1920, height=1080, seconds=_SECONDS, sway=0.1)
    repeat(clip, long, _REPEATED)
    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for server in servers.values():
            visit(browser, server.address, clip)  # the first starts what is started once
        for count in others:
            seconds: dict[str, list[float]] = {name: [] for name in servers}
            loads = []
            for _ in range(visits):
                for name, server in servers.items():
                    with server.busy(long, count):
                        loads.append(os.getloadavg()[0])
                        seconds[name].append(visit(browser, server.address, clip))
            rows += [_row(name, count, taken, loads) for name, taken in seconds.items()]
            print(*map(json.dumps, rows[-len(servers) :]), sep="\n", flush=True)
        browser.close()
    return rows


def _row(name: str, others: int, seconds: list[float], loads: list[float]) -> dict[str, object]:
    return {
        "server": name, "others": others, "median": round(statistics.median(seconds), 2),
        "worst": round(max(seconds), 2), "seconds": [round(one, 2) for one in seconds],
        "load": round(statistics.median(loads), 2), "in_time": max(seconds) <= TARGET,
    }  # fmt: skip


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visits", type=int, default=7)
    parser.add_argument("--others", type=int, nargs="+", default=[0, 1, 3], help="whose jobs run or wait")
    parser.add_argument("--against", type=Path, nargs="+", default=[], help="checkouts that are measured as well")
    parser.add_argument("--output", type=Path)
    given, options = parser.parse_known_args()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = {}
        for checkout in (HERE, *given.against):
            servers[checkout.resolve().name] = server = Server(checkout, folder, options)
            stack.callback(server.close)
        rows = measure(servers, folder, visits=given.visits, others=given.others)
    if given.output is not None:
        given.output.write_text(json.dumps({"cores": os.cpu_count(), "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
