"""Colours an RTSP camera for an hour while the camera is killed, stalled and restarted; watches memory and order.

python -m benchmarks.soak [--minutes 60] [--events 12] [--output docs]

The camera is tests/support/rtsp_server.py with a rendered scene whose pictures carry their number; the program is
infer.py itself with the shipped weights, and MPEG-TS on its standard output is decoded here as it comes. Writes
soak.json, the log, and soak.png, and ends with 1 if something is not as it must be: memory that grows by 2 % or more,
an interruption from which it does not recover within 5 s of the source's return, or a picture out of order.
"""

import argparse
import dataclasses
import itertools
import json
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import av

from benchmarks.live_scene import make_scene, number_of
from benchmarks.plots import axes, save
from tests.support.rtsp import RtspServer

SIZE, SECONDS = (640, 360), 20.0
MOST_GROWTH, MOST_RECOVERY = 0.02, 5.0
_SAMPLE = 5.0  # seconds between two looks at memory
_SETTLED, _LAST = (300.0, 360.0), 60.0  # seconds: memory when everything has happened once, and of the end
_LEAST = 8.0  # minutes
_FLUSH = 1.0  # seconds after which nothing of an interrupted connection is on its way any more
_KINDS = ("kill", "stall", "close", "restart")


@dataclasses.dataclass
class Event:
    """An interruption.

    Attributes:
        kind: "kill": the server dies, and is started after `seconds`; "restart": after one; "stall": it sends nothing
            for so long; "close": it throws its clients out.
        at: seconds since the start, as are
        back: when the source was there again, and
        seconds: for how long it was away.
        recovery: from there to the first coloured picture, in seconds; None if none came.
    """

    kind: str
    at: float
    seconds: float
    back: float = 0.0
    recovery: float | None = None


def plan_events(minutes: float, count: int, *, seed: int = 7) -> list[Event]:
    """Spread interruptions over a run, every kind in turn."""
    rng = random.Random(seed)
    step = 60 * minutes / (count + 1)
    return [
        Event(
            _KINDS[n % len(_KINDS)], (n + 1) * step + rng.uniform(-0.2, 0.2) * step, rng.uniform(2, min(10, step / 4))
        )
        for n in range(count)
    ]


class Watcher:
    """Decodes the program's output as it comes.

    Attributes:
        pictures: of each picture when it came, in seconds since the start, its timestamp, and its number.
    """

    def __init__(self, pipe: IO[bytes], *, start: float) -> None:
        self.pictures: list[tuple[float, int, int]] = []
        self._pipe, self._start = pipe, start
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        with av.open(self._pipe, format="mpegts") as container:
            for frame in container.decode(video=0):
                number = number_of(frame.to_ndarray(format="gray"))
                self.pictures.append((time.monotonic() - self._start, frame.pts, number))


def examine(pictures: Sequence[tuple[float, int, int]], events: Sequence[Event], *, loop: int) -> list[str]:
    """Find what is out of order, and set how long the program took to come back after each event.

    A camera that was interrupted may begin with its first pictures again, once; then that is when it came back.
    Otherwise numbers go on, round the loop, and it came back with the first picture after the second in which those of
    the interrupted connection may still come. Times always go on.
    """
    pairs = list(itertools.pairwise(pictures))
    anew = [when for (_, _, one), (when, _, other) in pairs if not 0 < (other - one) % loop < loop // 2]
    disorder = [f"{when:.1f} s: time {later} after {pts}" for (_, pts, _), (when, later, _) in pairs if later <= pts]
    for event, following in itertools.zip_longest(events, events[1:]):
        end = following.at if following else float("inf")
        began = next((when for when in anew if event.at <= when < end), None)
        least = max(event.back, event.at + _FLUSH)
        back = next((when for when, _, _ in pictures if when >= least), None) if began is None else began
        event.recovery = None if back is None else back - event.back
        anew = [when for when in anew if when != began]
    return disorder + [f"{when:.1f} s: numbers go back" for when in anew]


def memory_of(pid: int) -> float:
    """Return a process' resident memory in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def soak(minutes: float, events: list[Event], folder: Path, *, extra: tuple[str, ...] = ()) -> dict[str, object]:
    """Run, and return the log."""
    scene = folder / "scene.h264"
    loop = make_scene(scene, width=SIZE[0], height=SIZE[1], seconds=SECONDS)
    server = RtspServer("--file", str(scene))
    url, health = server.url, folder / "health.jsonl"
    command = [sys.executable, "infer.py", f"video={url}", "output=pipe:1", f"live.health={health}", *extra]
    said = (folder / "stderr.txt").open("w+")
    start = time.monotonic()
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said)
    memory: list[tuple[float, float]] = []
    try:
        watcher = Watcher(program.stdout, start=start)
        for event in events:
            memory += _watch(program, start, until=event.at)
            event.at = time.monotonic() - start
            server = _interrupt(server, scene, event)
            event.back = time.monotonic() - start
        memory += _watch(program, start, until=60 * minutes)
    finally:
        asked = time.monotonic()
        program.send_signal(signal.SIGTERM)
        status = program.wait(30)
        took = time.monotonic() - asked
        server.kill()
    watcher.thread.join(5)
    said.seek(0)
    disorder = examine(watcher.pictures, events, loop=loop)
    return {
        "minutes": minutes,
        "events": [dataclasses.asdict(event) for event in events],
        "frames": len(watcher.pictures),
        "disorder": disorder,
        "memory": [[round(when, 1), round(size, 1)] for when, size in memory],
        "exit": {"status": status, "seconds": round(took, 2)},
        "health": [json.loads(line) for line in health.read_text().splitlines()],
        "stderr": said.read().splitlines(),
    }


def _watch(program: subprocess.Popen, start: float, *, until: float) -> list[tuple[float, float]]:
    """Wait, and take the memory every few seconds."""
    memory = []
    while (left := until - (time.monotonic() - start)) > 0:
        if program.poll() is not None:
            raise RuntimeError(f"infer.py ended with {program.returncode}")
        memory.append((time.monotonic() - start, memory_of(program.pid)))
        time.sleep(min(_SAMPLE, left))
    return memory


def _interrupt(server: RtspServer, scene: Path, event: Event) -> RtspServer:
    """Interrupt the camera and bring it back."""
    if event.kind == "stall":
        server.tell("stall")
        time.sleep(event.seconds)
        server.tell("go")
        return server
    if event.kind == "close":
        server.tell("close")
        return server
    server.kill()
    time.sleep(event.seconds if event.kind == "kill" else _FLUSH)
    return RtspServer("--file", str(scene), port=server.port)


def judge(log: dict[str, object]) -> dict[str, object]:
    """Compare the log with what must be."""
    end = 60 * log["minutes"]
    early = [size for when, size in log["memory"] if _SETTLED[0] <= when <= _SETTLED[1]]
    late = [size for when, size in log["memory"] if when >= end - _LAST]
    growth = statistics.median(late) / statistics.median(early) - 1
    slowest = max((event["recovery"] if event["recovery"] is not None else float("inf")) for event in log["events"])
    ended = log["exit"]["status"] == 0 and log["exit"]["seconds"] < 2
    passed = growth < MOST_GROWTH and slowest <= MOST_RECOVERY and not log["disorder"] and ended
    return {
        "passed": passed,
        "memory_growth": round(growth, 4),
        "slowest_recovery": round(slowest, 2) if slowest < float("inf") else None,
        "out_of_order": len(log["disorder"]),
        "interruptions": len(log["events"]),
    }


def plot(log: dict[str, object], path: Path) -> None:
    """Draw memory and frames a second over time, with the interruptions."""
    upper, lower = drawn = axes(rows=2, height=5, sharex=True)
    upper.plot([when / 60 for when, _ in log["memory"]], [size for _, size in log["memory"]])
    upper.set(ylabel="resident memory, MB", ylim=(0, None))
    lines = log["health"]
    rates = [
        (later["colored"] - one["colored"]) / max(later["seconds"] - one["seconds"], 0.1)
        for one, later in itertools.pairwise(lines)
    ]
    lower.plot([line["seconds"] / 60 for line in lines[1:]], rates)
    lower.set(ylabel="coloured frames a second", xlabel="minutes", ylim=(0, None))
    for event in log["events"]:
        for axis in drawn:
            axis.axvline(event["at"] / 60, color="tab:red", linewidth=0.7)
        recovery = "never" if event["recovery"] is None else f"{event['recovery']:.1f} s"
        place = {"rotation": 90, "ha": "right", "va": "bottom", "transform": lower.get_xaxis_transform()}
        lower.text(event["at"] / 60, 0.04, f"{event['kind']} {recovery}", fontsize=7, **place)
    save(drawn, path)


def main() -> None:
    """Run, write, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--events", type=int, default=12)
    parser.add_argument("--output", type=Path, default=Path("docs"))
    given = parser.parse_args()
    if given.minutes < _LEAST:
        parser.error(f"--minutes {given.minutes}: memory can be judged after {_LEAST:.0f}")
    with tempfile.TemporaryDirectory() as folder:
        log = soak(given.minutes, plan_events(given.minutes, given.events), Path(folder))
    log = {"verdict": judge(log), **log}
    given.output.mkdir(parents=True, exist_ok=True)
    (given.output / "soak.json").write_text(json.dumps(log, separators=(",", ":")) + "\n")
    plot(log, given.output / "soak.png")
    print(json.dumps(log["verdict"], indent=1))
    sys.exit(0 if log["verdict"]["passed"] else 1)


if __name__ == "__main__":
    main()
