"""Runs the commands of the documents, on small files of the kind that they name (`tests/support/stock.py`)."""

import importlib
import os
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from temporal_colorize import cli
from tests.support.documents import Command, commands
from tests.support.program import here, run, run_module
from tests.support.shared import SHARED
from tests.support.stock import RUN

# What stands for places, addresses and omissions, in this order.
STAND_INS = {
    "<date>": RUN.removeprefix("runs/"),
    "<the same options>": "experiment=smoke",
    " [the change]": "",
    "weights='[...]'": "weights='[convlstm,mine.safetensors]'",
    "compare/convlstm/weights.safetensors,compare/cnn/weights.safetensors,...": "convlstm,mine.safetensors",
    "evaluate.py data.root=...": "evaluate.py data.root=validation",
    "data.root=...": "data.root=prepared",
    "data.root=/my/validation": "data.root=validation",
    "data.root=val ": "data.root=validation ",
    "hints data=VALIDATION/clips": "hints",  # without the clips, which are not part of the project: the rendered walker
    "hint_grow data=VALIDATION/clips": "hint_grow",  # likewise: the sample clip's things
    "hint_trust data=VALIDATION": f"hint_trust data={SHARED / 'data' / 'val'}",
    "=VALIDATION": "=validation",
    "same=...": "same=",
    "/my/footage": "own",
    " ray.address=10.0.0.5:6379": "",
    "s3://bucket/footage": "footage",
    "s3://bucket/color": "color",
    "s3://bucket/night.mp4": "night.mp4",
    "~/raw": "raw",
    "video=...": "video=clip.mp4",
    "verify.py OUTPUT": "verify.py clip.color.mp4",
    "SEED FOLDER": "7 fuzzed",
    "temporal_colorize/inference/infrared.json": "infrared.json",
    "images/*.tar --clips clips/*.mp4": "validation/stills.tar --clips own/clips/a.mp4 validation/clips/cctv-1.mp4",
    "python train.py model=zhang weights": "python train.py model=zhang model.width=8 weights",
}

# What must have been run before, on the same files.
BEFORE = {
    "verify.py clip.color.mp4": "python infer.py video=clip.mp4",
    "temporal-colorize-verify clip.color.mp4": "python infer.py video=clip.mp4",
    "verify.py night.color.mkv": "python infer.py video=night.mkv encoder=lossless",
    "video=sample.mp4": "python -m data_prep.sample_clip sample.mp4 --seconds 0.4 --size 320x240",
    "side_by_side": "python infer.py video=sample.mp4",
    "weights=convlstm-fp32.xml": "python export.py weights=convlstm format=openvino",
    "runtimes clip.mp4 convlstm-int8.xml": "python export.py weights=convlstm format=openvino output=convlstm-int8.xml",
    "resume=runs/": f"python train.py experiment=smoke hydra.run.dir={RUN}",
}

PROGRAMS: dict[str, Callable[[], None]] = {
    "python infer.py": cli.infer,
    "python ask.py": cli.ask,
    "python verify.py": cli.verify,
    "python export.py": cli.export,
    "temporal-colorize": cli.infer,
    "temporal-colorize-ask": cli.ask,
    "temporal-colorize-verify": cli.verify,
}

# What makes a long command short; said last, so that it counts.
SMALL = {
    "python train.py": [
        "trainer.max_epochs=1",
        "trainer.accelerator=cpu",
        "trainer.precision=32-true",
        "trainer.enable_progress_bar=false",
        "data.size=64",
        "data.frames=2",
        "data.frames_a_batch=4",
        "data.batches_an_epoch=1",
        "data.validation_batches=1",
        "data.workers=0",
        "callbacks.export.pictures=2",
        "callbacks.export.clips=1",
        "callbacks.export.frames=2",
    ],
    "python evaluate.py": ["data.every=1", "most_frames=5", "drift.scenes=1", "drift.frames=35", "workers=1"],
    "python -m benchmarks.models": ["tiny", "--rounds", "1", "--size", "64"],
    "python -m benchmarks.decodings": ["--pictures", "2", "--clips", "1"],
    "python -m benchmarks.runtimes": ["--frames", "3", "--size", "64"],
    "python -m benchmarks.edges": ["data.every=1"],
    "python -m benchmarks.hint_grow": [],
    "python -m benchmarks.hints": ["scene=8"],
    "python -m benchmarks.holding": ["frames=2"],
    "python -m benchmarks.splitting": ["frames=12", "join=10"],
    "python -m benchmarks.splitting_pass": [],
    "python -m benchmarks.reference": ["frames=2", "every=1", "pairs=0"],
    "python -m benchmarks.rendered": ["output=page", "seconds=0.6", "size=160x96", "weights=mine.safetensors"],
    "python -m benchmarks.infrared": [],
    "python -m data_prep.infrared": ["--count", "4"],
}
LONG = (
    "python export.py",
    "weights=convlstm-fp32.xml",
    "variants=3",
    "support.fuzz",
    "engine=ray",
)  # what these are in
# Of what colours a few pictures, those options alone that a command does not name itself.
QUICK = {"weights": "mine.safetensors", "runtime": "torch", "inference.size": "64"}
QUICK_OUTPUT = {"progress": "false", "encoder.preset": "ultrafast"}

# Measurements of minutes or hours on a machine that does nothing else: that their options are known is tested.
_BY_HAND = ("first_picture", "fleet", "latency", "loader", "ray", "ray_long", "scaling", "soak", "speed")
MEASURED_BY_HAND = {f"python -m benchmarks.{name}" for name in _BY_HAND}
WITHOUT_PARSER = {
    f"python -m benchmarks.{name}" for name in ("edges", "hint_grow", "hints", "holding", "reference", "rendered")
}
WITHOUT_PARSER |= {f"python -m benchmarks.{name}" for name in ("splitting", "splitting_pass")}
OF_SHARED_DATA = {"python -m benchmarks.hint_trust": ["only=davis-blackswan", "scene=30"]}
SERVERS = {"tensorboard", "python -m http.server"}  # tests/docs/test_around.py
ELSEWHERE = {"make", "pip", "podman", "docker"}  # tests/docs/test_around.py
LAUNCHERS = {"torchrun", "srun"}  # of several processes: tests/training/test_launching.py runs the first
FAKE_CAMERA = "rtsp://"
SWEPT = ("hydra/launcher=", "hydra/sweeper=", " sweep=")  # many runs: tests/cli/test_sweeps.py, test_slurm.py
SWEEP_TABLE = "python -m temporal_colorize.cli.sweep_table"


def program_of(command: Command) -> str:
    """Return the words that choose the program."""
    words = stood_in(command)
    if words[0] == "timeout":
        words = words[4:]
    count = {"python": 3 if words[1] == "-m" else 2}.get(words[0], 1)
    return " ".join(words[:count])


def stood_in(command: Command) -> list[str]:
    text = command.text
    for word, stand_in in STAND_INS.items():
        text = text.replace(word, stand_in)
    return shlex.split(text)


def kind_of(command: Command) -> str:
    """Say who runs a command; "" where nobody does."""
    program, text = program_of(command), command.text
    if program in PROGRAMS:
        if FAKE_CAMERA in text:
            return "live"
        return "slow" if any(word in text for word in LONG) else "quick"
    if any(word in text for word in SWEPT):
        return "swept"
    if program in SMALL:
        return "slow" if program not in WITHOUT_PARSER else "slow alone"
    if program == "python -m tests.support.fuzz":
        return "slow alone"
    if program.startswith(("python -m data_prep.", SWEEP_TABLE)):
        return "slow" if "--ray" in text else "quick"
    if program in OF_SHARED_DATA:
        return "shared"
    if program == "python serve.py":
        return "served"  # tests/test_serve.py
    named = {**dict.fromkeys(MEASURED_BY_HAND, "by hand"), **dict.fromkeys(SERVERS | ELSEWHERE, "elsewhere")}
    named |= dict.fromkeys(LAUNCHERS, "launched")
    return named.get(program, "")


def of_kind(*kinds: str) -> pytest.MarkDecorator:
    chosen = [command for command in commands() if kind_of(command) in kinds]
    return pytest.mark.parametrize("command", chosen, ids=lambda command: f"{command.place} {command.text[:60]}")


def quickened(command: Command) -> list[str]:
    words, program = stood_in(command), PROGRAMS.get(program_of(command))
    if program not in (cli.infer, cli.ask) or "--help" in words:
        return words
    options = QUICK | (QUICK_OUTPUT if program is cli.infer else {})
    named = {word.partition("=")[0] for word in words}
    return words + [f"{name}={value}" for name, value in options.items() if name not in named]


def files_in(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def run_earlier(command: Command) -> None:
    for part, earlier in BEFORE.items():
        if part in " ".join(stood_in(command)):
            run_earlier(Command(earlier, ""))
            program = program_of(Command(earlier, ""))
            words = quickened(Command(earlier, "")) + SMALL.get(program, [])
            status, _, error = run_here(words) if program != "python train.py" else run_apart(words)
            assert status == 0, error


def run_here(words: list[str]) -> tuple[int, str, str]:
    """Run a command in this process, as programs that load PyTorch take seconds to start."""
    words = expanded(words)
    program = next((name for name in sorted(PROGRAMS, reverse=True) if " ".join(words).startswith(f"{name} ")), None)
    if program:
        return here(PROGRAMS[program], *words[len(program.split()) :])
    return here(importlib.import_module(words[2]).main, *words[3:])


def expanded(words: list[str]) -> list[str]:
    """Expand patterns as a shell does; what has a `=` is no file's name."""
    expanded = []
    for word in words:
        found = sorted(map(str, Path().glob(word))) if "*" in word and "=" not in word else []
        expanded += found or [word]
    return expanded


def run_apart(words: list[str]) -> tuple[int, str, str]:
    """Run a command as a process of its own."""
    words = expanded(words)
    if words[2] == "tests.support.fuzz":
        os.makedirs(words[-1])
    if words[1] == "-m":
        done = run_module(words[2], *words[3:], folder=Path.cwd())
    else:
        done = run(words[1], *words[2:], folder=Path.cwd())
    return done.returncode, done.stdout, done.stderr
