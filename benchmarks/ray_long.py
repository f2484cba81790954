"""What engine=ray gains by having idle workers colour segments of one long video: in turn, medians, start-up included.

python -m benchmarks.ray_long [--frames 5000] [--workers 3] [--size 640x360] [--rounds 3] [OPTION=VALUE ...]

The video is the fixed camera of `data_prep.sample_clip`, with noise. One worker colours it as a whole, and all of them
its segments, if they are three or more. Options are those of infer.py.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from temporal_colorize.sample.clip import render_sample

_FPS = 25
_QUIET = ("progress=false", "record=false", "resume=off")


def seconds(video: Path, *options: str) -> float:
    """Colour by the command."""
    command = [sys.executable, "infer.py", f"video={video}", "engine=ray", *_QUIET, *options]
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=5000)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("options", nargs="*", metavar="OPTION=VALUE")
    arguments = parser.parse_args()
    ways = {
        "as a whole": f"ray.long={arguments.frames}",
        "in segments": f"ray.long={arguments.frames - 1}",
    }
    taken: dict[str, list[float]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as name:
        video = Path(name) / "long.mp4"
        width, height = map(int, arguments.size.split("x"))
        render_sample(video, width=width, height=height, seconds=arguments.frames / _FPS, noise=2.0, crf=23)
        for _ in range(arguments.rounds):
            for way, long in ways.items():
                taken[way].append(seconds(video, f"ray.workers={arguments.workers}", long, *arguments.options))
    print(f"{arguments.frames} frames, {arguments.workers} workers")
    for way, own in taken.items():
        times = [whole / one for whole, one in zip(taken["as a whole"], own, strict=True)]
        print(f"{way}: {statistics.median(own):.1f} s, {statistics.median(times):.2f} times as fast as a whole")


if __name__ == "__main__":
    main()
