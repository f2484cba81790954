"""How long a picture of a 720p RTSP camera takes through infer.py, and how many are dropped.

python -m benchmarks.latency [--seconds 60] [--warm-up 20] [--output latency.json] [--plot latency.png]
    [OPTION=VALUE ...]

From the picture's packet, out of the demuxer, to its encoded packet in the output, an MPEG-TS pipe that is read and
thrown away. The camera sends a rendered scene that was encoded before; options go on to infer.py. The numbers are
infer.py's own, of `live.health`; drops are counted after the warm-up.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.live_scene import make_scene
from benchmarks.plots import bars
from tests.support.rtsp import RtspServer

MOST_P95, MOST_DROPPED = 250.0, 0.05


def measure(seconds: float, warm_up: float, folder: Path, options: list[str]) -> dict[str, object]:
    """Run for so long, and return the health over the last `seconds`."""
    scene, health = folder / "scene.h264", folder / "health.jsonl"
    make_scene(scene, width=1280, height=720, seconds=20.0)
    with RtspServer("--file", str(scene)) as server:
        told = [f"live.health={health}", "live.health_seconds=1", f"live.window_seconds={seconds}"]
        command = [sys.executable, "infer.py", f"video={server.url}", "output=pipe:1", *told, *options]
        program = subprocess.Popen(command, stdout=subprocess.PIPE)
        threading.Thread(target=lambda: all(iter(lambda: program.stdout.read1(1 << 16), b"")), daemon=True).start()
        try:
            while not _lines(health) or _lines(health)[-1]["colored"] == 0:
                time.sleep(0.5)
            time.sleep(warm_up + seconds)
        finally:
            program.send_signal(signal.SIGTERM)
            program.wait(10)
    return _summary(_lines(health), seconds)


def _lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _summary(lines: list[dict], seconds: float) -> dict[str, object]:
    last = lines[-2]  # the very last is of the closing
    first = min(lines, key=lambda line: abs(line["seconds"] - (last["seconds"] - seconds)))
    counts = {name: last[name] - first[name] for name in ("frames", "colored", "dropped", "skipped", "looks")}
    arrived = counts["frames"] + counts["skipped"]
    return {"latency_ms": last["latency_ms"], **counts, "dropped_share": max(0.0, 1 - counts["colored"] / arrived)}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--warm-up", type=float, default=20)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--plot", type=Path)
    given, options = parser.parse_known_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        result = measure(given.seconds, given.warm_up, Path(folder), options)
    result["passed"] = result["latency_ms"]["p95"] < MOST_P95 and result["dropped_share"] <= MOST_DROPPED
    result |= {"cores": os.cpu_count(), "load_before": round(load, 2)}
    print(json.dumps(result, indent=1))
    if given.output is not None:
        given.output.write_text(json.dumps(result, indent=1) + "\n")
    if given.plot is not None:
        bars({name: {"": value} for name, value in result["latency_ms"].items()}, given.plot, measure="latency, ms")


if __name__ == "__main__":
    main()
