"""What many cameras, or a large archive, would need: measured on one core here, the rest arithmetic.

python -m benchmarks.fleet [--seconds 20] [--rounds 3] [--measured FILE] [--assume FILE] [--output benchmark]

One core decodes, colours and encodes 1080p of `data_prep.sample_clip`, a fixed camera and one that swings, by the
command, and only decodes and encodes it, in turn, medians. `--measured` takes the numbers of an earlier run, or of
another machine, instead. What is assumed (cameras, pictures a second, share of the time in which much moves, prices) is
in benchmarks/fleet.json; `--assume` names a file of yours. Writes fleet.md and measured.json.
"""

import argparse
import json
import os
import statistics
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.scaling import color
from benchmarks.speed import CODEC, OPTIONS, clips
from benchmarks.transcoding import transcode

_ASSUMED = Path(__file__).with_name("fleet.json")
_KINDS = {"fixed": "fixed camera, 1080p", "moving": "swinging camera, 1080p"}
_ASKED = ("threads=1", *(f"encoder.{name}={value}" for name, value in OPTIONS.items()))  # encoded as the floor is
_MONTH, _YEAR = 730, 8766  # hours


@dataclass(frozen=True)
class Measured:
    """Of one kind of footage, on one core.

    Attributes:
        fps: Pictures a second that are decoded, coloured and encoded.
        floor: That are decoded and encoded only.
        given, made: Bytes a picture, of the source and of the output.
        looks: How often the network runs for a picture.
    """

    fps: float
    floor: float
    given: float
    made: float
    looks: float


@dataclass(frozen=True, kw_only=True)
class Assumed:
    """What is not measured.

    Attributes:
        cameras: That run day and night.
        hours: Of an archive, coloured within
        days: days.
        fps: Pictures a second of all of it.
        moving: Share of the time in which as much moves as in the swinging camera's picture.
        efficiency: Of many workers, against as many times one of them.
        cores_a_server: By which servers are counted.
        price_core_hour, price_gigabyte_month: In any currency.
        kept_days: That cameras' coloured video is kept.
    """

    cameras: int
    hours: float
    days: float
    fps: float
    moving: float
    efficiency: float
    cores_a_server: int
    price_core_hour: float
    price_gigabyte_month: float
    kept_days: float


@dataclass(frozen=True)
class Need:
    """What a second of video takes: seconds of one core, bits in and out, and runs of the network."""

    core_seconds: float
    bits_in: float
    bits_out: float
    looks: float

    @classmethod
    def of(cls, measured: dict[str, Measured], assumed: Assumed) -> "Need":
        shares = {"fixed": 1 - assumed.moving, "moving": assumed.moving}

        def mean(value: str) -> float:
            return sum(share * getattr(measured[kind], value) for kind, share in shares.items())

        seconds = sum(share / measured[kind].fps for kind, share in shares.items())
        bits_in, bits_out = (8 * assumed.fps * mean(value) for value in ("given", "made"))
        return cls(assumed.fps * seconds / assumed.efficiency, bits_in, bits_out, assumed.fps * mean("looks"))


def measure(folder: Path, *, seconds: float, rounds: int) -> dict[str, Measured]:
    """Colour and transcode on one core, in turn."""
    files = clips(folder, seconds=seconds, real=None)
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})  # of this process, and of those that it starts
    try:
        return {kind: _measure(files[name], rounds) for kind, name in _KINDS.items()}
    finally:
        os.sched_setaffinity(0, allowed)


def _measure(clip: Path, rounds: int) -> Measured:
    color(clip, *_ASKED)  # once, to convert and compile
    rates, floors, target = [], [], clip.with_suffix(".floor.mp4")
    for _ in range(rounds):
        run = color(clip, *_ASKED)
        rates.append(run.frames / run.seconds)
        floors.append(run.frames / transcode(clip, target, codec=CODEC, options=OPTIONS))
    target.unlink()
    given, made, looks = (of_all / run.frames for of_all in (clip.stat().st_size, run.size, run.looks))
    return Measured(statistics.median(rates), statistics.median(floors), given, made, looks)


def changes(measured: dict[str, Measured], assumed: Assumed) -> dict[str, tuple[dict[str, Measured], Assumed]]:
    """Say what would move the bottleneck, one change at a time."""

    def without_codec(one: Measured) -> Measured:
        return replace(one, fps=1 / (1 / one.fps - 1 / one.floor))

    def without_color(one: Measured) -> Measured:
        return replace(one, fps=one.floor)

    return {
        "as it is": (measured, assumed),
        "decoding and encoding in hardware, for nothing": ({k: without_codec(m) for k, m in measured.items()}, assumed),
        "colouring for nothing": ({k: without_color(m) for k, m in measured.items()}, assumed),
        "half the pictures a second": (measured, replace(assumed, fps=assumed.fps / 2)),
        "a picture in which nothing much moves": (measured, replace(assumed, moving=0.0)),
        "all of it moving": (measured, replace(assumed, moving=1.0)),
    }


def report(measured: dict[str, Measured], assumed: Assumed) -> str:
    """Write it all as Markdown."""
    parts = [_measured(measured), _assumed(assumed), _live(measured, assumed), _archive(measured, assumed)]
    return "\n\n".join([*parts, _changed(measured, assumed)]) + "\n"


def _measured(measured: dict[str, Measured]) -> str:
    lines = [
        "| on one core | coloured, fps | decoded and encoded, fps | share | kB a picture in | out | network runs |",
        "|---" * 7 + "|",
    ]
    for kind, one in measured.items():
        share = one.fps / one.floor
        lines.append(
            f"| {_KINDS[kind]} | {one.fps:.1f} | {one.floor:.1f} | {share:.2f} | {one.given / 1e3:.1f} "
            f"| {one.made / 1e3:.1f} | {one.looks:.2f} |"
        )
    return "\n".join(lines)


def _assumed(assumed: Assumed) -> str:
    return "\n".join(
        ["| assumed | |", "|---|---|", *(f"| {name} | {one:g} |" for name, one in asdict(assumed).items())]
    )


def _live(measured: dict[str, Measured], assumed: Assumed) -> str:
    need = Need.of(measured, assumed)
    cores = assumed.cameras * need.core_seconds
    kept = assumed.cameras * need.bits_out / 8 * 86400 * assumed.kept_days / 1e9  # GB
    money = _MONTH * cores * assumed.price_core_hour, kept * assumed.price_gigabyte_month
    return _rows(
        f"{assumed.cameras:,} cameras, day and night",
        {
            "cores": f"{cores:,.0f}",
            "servers": f"{cores / assumed.cores_a_server:,.0f}",
            "runs of the neural network a second": f"{assumed.cameras * need.looks:,.0f}",
            "network in, Gbit/s": f"{assumed.cameras * need.bits_in / 1e9:,.1f}",
            "network out, Gbit/s": f"{assumed.cameras * need.bits_out / 1e9:,.1f}",
            f"kept for {assumed.kept_days:g} days, TB": f"{kept / 1e3:,.0f}",
            "cores, money a month": f"{money[0]:,.0f}",
            "storage, money a month": f"{money[1]:,.0f}",
            "money a camera and month": f"{sum(money) / assumed.cameras:,.2f}",
        },
    )


def _archive(measured: dict[str, Measured], assumed: Assumed) -> str:
    need = Need.of(measured, assumed)
    core_hours, stored = assumed.hours * need.core_seconds, assumed.hours * 3600 * need.bits_out / 8 / 1e9
    cores, rate = core_hours / (24 * assumed.days), assumed.hours / (24 * assumed.days)
    return _rows(
        f"{assumed.hours:,.0f} hours of video in {assumed.days:g} days",
        {
            "core hours": f"{core_hours:,.0f}",
            "years of one core": f"{core_hours / _YEAR:,.0f}",
            "cores": f"{cores:,.0f}",
            "servers": f"{cores / assumed.cores_a_server:,.0f}",
            "runs of the neural network": f"{3600 * assumed.hours * need.looks:,.2g}",
            "read from storage, Gbit/s": f"{rate * need.bits_in / 1e9:,.1f}",
            "written, Gbit/s": f"{rate * need.bits_out / 1e9:,.1f}",
            "output, TB": f"{stored / 1e3:,.0f}",
            "cores, money": f"{core_hours * assumed.price_core_hour:,.0f}",
            "storage, money a month": f"{stored * assumed.price_gigabyte_month:,.0f}",
            "money an hour of video": f"{core_hours * assumed.price_core_hour / assumed.hours:,.3f}",
        },
    )


def _changed(measured: dict[str, Measured], assumed: Assumed) -> str:
    usual = Need.of(measured, assumed).core_seconds
    lines = ["| change | cores a camera | of those now |", "|---|---|---|"]
    for name, given in changes(measured, assumed).items():
        cores = Need.of(*given).core_seconds
        lines.append(f"| {name} | {cores:.2f} | {cores / usual:.2f} |")
    return "\n".join(lines)


def _rows(title: str, rows: dict[str, str]) -> str:
    return "\n".join([f"| {title} | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="of a clip")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measured", type=Path, help="measured.json of an earlier run")
    parser.add_argument("--assume", type=Path, default=_ASSUMED, help="a file like benchmarks/fleet.json")
    parser.add_argument("--output", type=Path, default=Path("benchmark"))
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    if arguments.measured is None:
        measured = measure(arguments.output, seconds=arguments.seconds, rounds=arguments.rounds)
        kept = {kind: asdict(one) for kind, one in measured.items()}
        (arguments.output / "measured.json").write_text(json.dumps(kept, indent=1) + "\n")
    else:
        measured = {kind: Measured(**one) for kind, one in json.loads(arguments.measured.read_text()).items()}
    text = report(measured, Assumed(**json.loads(arguments.assume.read_text())))
    (arguments.output / "fleet.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
