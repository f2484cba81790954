"""How time and memory grow with a video's length and with its resolution: whole commands, one after the other.

python -m benchmarks.scaling [--times 1 6 60] [--heights 270 540 720 1080 1440] [--output benchmark]

The clip is the fixed camera of `data_prep.sample_clip` with sensor noise, 10 s of it repeated for the lengths. Memory
is the most that the process held in RAM. Writes scaling.md and scaling.png.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import av

from benchmarks.plots import axes, save
from temporal_colorize.sample.clip import render_sample

_RENDERED = 10.0  # seconds, for the lengths
_SHORT = 5.0  # seconds for each resolution


class Run(NamedTuple):
    """What a command took: frames, seconds from opening the file to the finished output, and the most memory, in MB;
    how large its output is, in bytes; and on how many frames the network ran."""

    frames: int
    seconds: float
    megabytes: float
    size: int
    looks: int

    @property
    def per_frame(self) -> float:
        return 1e3 * self.seconds / self.frames


def repeat(source: Path, target: Path, times: int) -> None:
    """Write the packets of a clip again and again."""
    with av.open(str(target), "w") as made:
        copied, shift = None, 0
        for _ in range(times):
            with av.open(str(source)) as given:
                video = given.streams.video[0]
                copied = copied or made.add_stream_from_template(video)
                for packet in given.demux(video):
                    if packet.pts is not None:
                        packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, copied
                        made.mux(packet)
                shift += video.duration


def color(clip: Path, *options: str) -> Run:
    """Colour a clip by the command."""
    report, output = clip.with_suffix(".json"), clip.with_suffix(".color.mp4")
    command = [
        sys.executable,
        "infer.py",
        f"video={clip}",
        f"output={output}",
        "encoder.preset=veryfast",
        "record=false",
    ]
    process = subprocess.Popen([*command, "progress=false", f"report={report}", *options], stdout=subprocess.DEVNULL)
    _, process.returncode, usage = os.wait4(process.pid, 0)
    if process.returncode:
        raise SystemExit(f"infer.py failed on {clip}")
    told = json.loads(report.read_text())
    size = output.stat().st_size
    report.unlink()
    output.unlink()
    return Run(told["frames"], told["seconds"], usage.ru_maxrss / 1024, size, told["looks"])


def by_length(folder: Path, times: list[int]) -> dict[str, Run]:
    """Colour 1080p of growing length, `gate=auto`."""
    short = folder / "scaling.mp4"
    render_sample(short, width=1920, height=1080, seconds=_RENDERED, noise=2.0, crf=23)
    color(short)  # once, to convert and compile
    runs = {}
    for count in times:
        repeat(short, clip := folder / f"scaling_{count}.mp4", count)
        runs[f"{count * _RENDERED:g} s of 1080p"] = color(clip)
        clip.unlink()
    return runs


def by_height(folder: Path, heights: list[int]) -> dict[str, Run]:
    """Colour 16:9 of growing height, `gate=off`."""
    runs = {}
    for height in heights:
        clip = folder / f"scaling_{height}.mp4"
        width = 2 * round(height * 8 / 9)
        render_sample(clip, width=width, height=height, seconds=_SHORT, noise=2.0, crf=23)
        runs[f"{width}x{height}"] = color(clip, "gate=off")
        clip.unlink()
    return runs


def table(runs: dict[str, Run]) -> str:
    """Write the runs as Markdown."""
    lines = ["| | frames | seconds | ms a frame | most memory, MB |", "|---|---|---|---|---|"]
    lines += [
        f"| {name} | {r.frames} | {r.seconds:.1f} | {r.per_frame:.1f} | {r.megabytes:.0f} |" for name, r in runs.items()
    ]
    return "\n".join(lines)


def plot(lengths: dict[str, Run], heights: dict[str, Run], path: Path) -> None:
    """Draw seconds over frames, and milliseconds a frame over megapixels."""
    left, right = drawn = axes(columns=2)
    left.plot([r.frames for r in lengths.values()], [r.seconds for r in lengths.values()], "o-")
    left.set(xlabel="frames of 1080p", ylabel="seconds, gate=auto", xlim=0, ylim=0)
    pixels = [width * height / 1e6 for width, height in (map(int, name.split("x")) for name in heights)]
    right.plot(pixels, [r.per_frame for r in heights.values()], "o-")
    right.set(xlabel="megapixels", ylabel="ms a frame, gate=off", xlim=0, ylim=0)
    save(drawn, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, nargs="+", default=[1, 6, 60], help="the clip is repeated")
    parser.add_argument("--heights", type=int, nargs="+", default=[270, 540, 720, 1080, 1440])
    parser.add_argument("--output", type=Path, default=Path("benchmark"))
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    lengths, heights = by_length(arguments.output, arguments.times), by_height(arguments.output, arguments.heights)
    text = "\n\n".join([table(lengths), table(heights)])
    (arguments.output / "scaling.md").write_text(text + "\n")
    plot(lengths, heights, arguments.output / "scaling.png")
    print(text)


if __name__ == "__main__":
    main()
