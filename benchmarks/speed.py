"""How near to plain transcoding colouring is: whole jobs in turn, on this machine.

python -m benchmarks.speed [--real CLIP] [--rounds 5] [--seconds 20] [--output benchmark]

Clips of 1080p are made by `data_prep.sample_clip`: a fixed camera with sensor noise, the same with the camera swinging,
and the same at 720p; `--real` loops a clip of a fixed camera and scales it up. Encoded by libx264 veryfast, crf 23. A
job is `infer.py`'s own call, from opening the file to the finished output, with the network already converted; starting
Python is measured apart. Writes speed.md, speed.json and speed.png.
"""

import argparse
import dataclasses
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import cv2
import torch

from benchmarks.plots import axes, save
from benchmarks.transcoding import transcode
from temporal_colorize.inference.gate import GateOptions
from temporal_colorize.inference.runtimes import RuntimeOptions, open_weights
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.video import Report, colorize_video
from temporal_colorize.sample.clip import render_sample

CODEC, OPTIONS = "libx264", {"preset": "veryfast", "crf": "23"}
GATES = {"gate auto": GateOptions(), "gate off": None}
FLOOR = "decode and encode"


class Result(NamedTuple):
    """Of one job on one clip: frames a second in each round, and what the last one reported."""

    rates: list[float]
    report: Report | None


def loop(source: Path, target: Path, *, width: int, height: int, frames: int) -> None:
    """Loop a clip and scale it up, to H.264 of crf 23 at 25 fps."""
    with av.open(str(target), "w") as made:
        video = made.add_stream(CODEC, rate=25, options=OPTIONS)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        for number, frame in zip(range(frames), _endless(source), strict=False):
            picture = frame.reformat(width, height, "yuv420p")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            made.mux(video.encode(picture))
        made.mux(video.encode())


def _endless(source: Path) -> Iterable[av.VideoFrame]:
    while True:
        with av.open(str(source)) as container:
            yield from container.decode(video=0)


def clips(folder: Path, *, seconds: float, real: Path | None) -> dict[str, Path]:
    """Make the clips that are not there yet."""
    made = {
        "fixed camera, 1080p": {"width": 1920, "height": 1080},
        "swinging camera, 1080p": {"width": 1920, "height": 1080, "sway": 0.1},
        "swinging camera, 720p": {"width": 1280, "height": 720, "sway": 0.1},
    }
    files = {name: folder / f"{name.replace(', ', '_').replace(' ', '_')}.mp4" for name in made}
    for name, options in made.items():
        if not files[name].exists():
            render_sample(files[name], seconds=seconds, noise=2.0, crf=23, **options)
    if real is not None:
        files[name := f"real ({real.stem}), 1080p"] = folder / f"{real.stem}_1080p.mp4"
        if not files[name].exists():
            loop(real, files[name], width=1920, height=1080, frames=round(25 * seconds))
    return files


def measure(clip: Path, color: Callable[[Path, GateOptions | None], Report], rounds: int) -> dict[str, Result]:
    """Run every job in turn, `rounds` times."""
    target = clip.with_suffix(".out.mp4")
    results = {name: Result([], None) for name in (FLOOR, *GATES)}
    with av.open(str(clip)) as container:
        frames = container.streams.video[0].frames
    for _ in range(rounds):
        seconds = transcode(clip, target, codec=CODEC, options=OPTIONS)
        results[FLOOR].rates.append(frames / seconds)
        for name, gate in GATES.items():
            report = color(clip, gate)
            results[name] = Result([*results[name].rates, report.frames / report.seconds], report)
    target.unlink()
    return results


def start_up(clip: Path) -> dict[str, float]:
    """Seconds of whole commands, the second of two: `--help`, and ten frames."""
    ten = clip.with_suffix(".ten.mp4")
    with av.open(str(clip)) as given, av.open(str(ten), "w") as made:
        video = given.streams.video[0]
        copied = made.add_stream_from_template(video)
        for _, packet in zip(range(10), given.demux(video), strict=False):
            packet.stream = copied
            made.mux(packet)
    commands = {"infer.py --help": ["--help"], "infer.py, ten frames": [f"video={ten}", "progress=false"]}
    return {name: min(_seconds("infer.py", *arguments) for _ in range(3)) for name, arguments in commands.items()}


def _seconds(*command: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    return time.perf_counter() - start


def shares(jobs: dict[str, Result], name: str) -> list[float]:
    """Give the share of the floor's speed that a job reaches, round by round."""
    return [rate / floor for rate, floor in zip(jobs[name].rates, jobs[FLOOR].rates, strict=True)]


def table(results: dict[str, dict[str, Result]]) -> str:
    """Write the comparison as Markdown."""
    lines = ["| clip | " + " | ".join([f"{FLOOR}, fps", *(f"{g}, fps | of the floor | frames seen" for g in GATES)])]
    lines[0] += " |"
    lines.append("|---" * (2 + 3 * len(GATES)) + "|")
    for clip, jobs in results.items():
        rates = {name: statistics.median(result.rates) for name, result in jobs.items()}
        cells = [clip, f"{rates[FLOOR]:.1f}"]
        for name in GATES:
            report = jobs[name].report
            share = statistics.median(shares(jobs, name))
            cells += [f"{rates[name]:.1f}", f"{share:.2f}", f"{report.looks} of {report.frames}"]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "Milliseconds a frame by stage, in the last round; stages overlap and wait for each other:", ""]
    stages = list(next(iter(results.values()))["gate auto"].report.profile)
    lines += ["| clip | " + " | ".join(stages) + " |", "|---" * (1 + len(stages)) + "|"]
    for clip, jobs in results.items():
        for name in GATES:
            cells = (f"{jobs[name].report.profile.get(stage, 0):.1f}" for stage in stages)
            lines.append(f"| {clip}, {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def plot(results: dict[str, dict[str, Result]], path: Path) -> None:
    """Draw the share of the floor that each job reaches."""
    (axis,) = drawn = axes()
    for number, name in enumerate(GATES):
        for place, jobs in enumerate(results.values()):
            reached = shares(jobs, name)
            label = name if place == 0 else None
            axis.barh(place + 0.4 * number, statistics.median(reached), 0.38, color=f"C{number}", label=label)
            axis.plot(reached, [place + 0.4 * number] * len(reached), "k.", markersize=3)
    axis.set_yticks([place + 0.2 for place in range(len(results))], list(results))
    axis.set(xlim=(0, 1), xlabel="speed, plain decoding and encoding being 1")
    save(drawn, path)


def _plain(report: Report | None) -> dict[str, object] | None:
    return None if report is None else dataclasses.asdict(report)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", type=Path, help="a clip of a fixed camera, to be looped and scaled up")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--output", type=Path, default=Path("benchmark"))
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    files = clips(arguments.output, seconds=arguments.seconds, real=arguments.real)
    options = RuntimeOptions()
    device = options.pick_device("auto")
    weights = open_weights("convlstm", options, device=device)
    cv2.setNumThreads(1)  # as infer.py does
    torch.set_num_threads(1)

    def color(clip: Path, gate: GateOptions | None) -> Report:
        session = Session(weights, SessionOptions(), device=device)
        target = clip.with_suffix(".color.mp4")
        return colorize_video(clip, target, session, codec=CODEC, options=OPTIONS, gate=gate)

    for clip in files.values():
        color(clip, None)  # once, to convert and compile
    results = {name: measure(clip, color, arguments.rounds) for name, clip in files.items()}
    started = start_up(next(iter(files.values())))
    text = "\n".join([table(results), "", *(f"{name}: {seconds:.2f} s" for name, seconds in started.items())])
    (arguments.output / "speed.md").write_text(text + "\n")
    numbers = {
        clip: {job: {"fps": result.rates, "report": _plain(result.report)} for job, result in jobs.items()}
        for clip, jobs in results.items()
    }
    (arguments.output / "speed.json").write_text(
        json.dumps({"clips": numbers, "start": started}, indent=1, default=str)
    )
    plot(results, arguments.output / "speed.png")
    print(text)


if __name__ == "__main__":
    main()
