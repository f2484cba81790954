"""What infer.py does with cameras, given its configuration. Heavy imports are inside."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_colorize.cli.guard import INTERRUPTED
from temporal_colorize.cli.interrupt import done, end_soon, leave
from temporal_colorize.cli.reporting import write_failure, write_report
from temporal_colorize.config.building import encoding_of, gate_of, session_options
from temporal_colorize.config.checking import check_live
from temporal_colorize.config.composing import several
from temporal_colorize.config.opened import open_for
from temporal_colorize.config.preparing import few_threads

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from temporal_colorize.inference.live import Camera

_SLACK = 0.2  # seconds, for what comes after closing the outputs
_HEALTH = ("health", "health_seconds", "window_seconds", "metrics_port")
_TARGET = ("minutes", "files", "keyframe_seconds", "segment_seconds", "segments")


def is_live_run(config: "DictConfig") -> bool:
    """Tell whether a configuration names live sources."""
    return _any_live(config.video)


def with_live_encoder(arguments: Sequence[str]) -> list[str]:
    """Add `encoder=live` to what infer.py was given, if its video is live and no encoder was named."""
    given = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
    if "encoder" in given or not _any_live(given.get("video")):
        return list(arguments)
    return ["encoder=live", *arguments]


def _any_live(video: object) -> bool:
    from temporal_colorize.video.live.addresses import is_live

    return any(is_live(one) for one in several(video))


def live_once(config: "DictConfig") -> None:
    """Colour cameras until the program is stopped, say a line for each on standard error, and end the program."""
    from temporal_colorize.inference.health import HealthOptions
    from temporal_colorize.inference.live import LivePlan, colorize_live, tell
    from temporal_colorize.inference.session import Session
    from temporal_colorize.options import require_integer, require_number, require_one_of
    from temporal_colorize.video import Limits
    from temporal_colorize.video.live import SourceOptions, TargetOptions
    from temporal_colorize.video.live.targets import target_of

    check_live(config)
    _require_options("live", config.live, {"names", "batch", "stop_seconds", "source", *_HEALTH, *_TARGET})
    _require_options("live.source", config.live.source, {*SourceOptions.__dataclass_fields__} - {"limits"})
    require_one_of("audio", config.audio, ("copy", "drop"))
    require_one_of("mark", config.mark, (True, False))
    require_number("live.stop_seconds", config.live.stop_seconds, least=0, most=60)
    last = partial(write_failure, config.report, INTERRUPTED)
    end_soon(grace=config.live.stop_seconds + _SLACK, note="an output was left as it is", last=last)
    if config.live.batch is not None:
        require_integer("live.batch", config.live.batch, least=1, most=64)
    target = TargetOptions(**{name: config.live[name] for name in _TARGET})
    health = HealthOptions(**{name: config.live[name] for name in _HEALTH})
    source = SourceOptions(**config.live.source, limits=Limits(**config.limits))
    cameras = cameras_of(config)
    for camera in cameras:
        target_of(camera.output, target)  # refuses what cannot be written, before anything is loaded
        _check_apart(config, camera)
    options = session_options(config)
    codec, encoding = encoding_of(config.encoder)
    gate = gate_of(config.gate)
    opened = open_for(config)
    plan = LivePlan(
        make_session=lambda weights: Session(weights, options, device=opened.device),
        codec=codec,
        encoding=encoding,
        gate=gate,
        audio=config.audio == "copy",
        source=source,
        target=target,
        health=health,
        stop_seconds=config.live.stop_seconds,
        mark=config.mark,
        batch=config.live.batch or (len(cameras) if opened.device.type == "cuda" else 1),
    )
    with few_threads(opened):
        outcome = colorize_live(cameras, opened.weights, plan)
    done()
    for health in outcome:
        tell(
            f"{health.camera}: {health.colored} frames in {health.seconds:.1f} s; {health.dropped + health.skipped} "
            f"dropped, {health.lost} lost, {health.reconnects} reconnects; the network ran on {health.looks}"
        )
    if config.report is not None:
        write_report(Path(config.report), {"cameras": [asdict(health) for health in outcome]})
    leave()


def _check_apart(config: "DictConfig", camera: "Camera") -> None:
    from temporal_colorize.inference.apart import require_apart
    from temporal_colorize.inference.weights import find_weights, weights_files
    from temporal_colorize.video.live.addresses import is_live_output

    health = config.live.health
    written = {
        "output": None if is_live_output(camera.output) else Path(camera.output),
        "live.health": None if health in (None, "-") else Path(health),
        "report": config.report and Path(config.report),
    }
    require_apart(written, {"weights": weights_files(find_weights(config.weights))})


def _require_options(name: str, node: object, known: Collection[str]) -> None:
    if not isinstance(node, Mapping):
        raise ValueError(f"{name}={node} must hold options: leave it as it is, or set one, such as live.source.queue=2")
    for option in node:
        if option not in known:
            raise ValueError(f"{name}.{option} is unknown: choose {', '.join(sorted(known))}")


def cameras_of(config: "DictConfig") -> "list[Camera]":
    """Pair the sources of a configuration with their outputs and names.

    Raises:
        ValueError: If they do not fit together.
    """
    from temporal_colorize.inference.live import Camera
    from temporal_colorize.video.live.addresses import STDOUT, redacted, require_source

    videos = several(config.video)
    for video in videos:
        require_source(video)
    count = len(videos)
    names = several(config.live.names) or [f"camera{n}" for n in range(1, count + 1)]
    for name in names:
        if not name or "/" in name or ".." in name:
            raise ValueError(
                f"live.names: {name!r} is no name for a camera: it may be part of a file's, without / and .."
            )
    if len(set(names)) != count:
        raise ValueError(f"live.names={','.join(names)} must be {count} different names, one for each video")
    outputs = several(config.output)
    if not outputs:
        raise ValueError("output is missing: a live source needs one, such as output=pipe:1 or output=camera.mp4")
    if len(outputs) == 1 and count > 1:
        outputs = [outputs[0].replace("{n}", str(n)).replace("{name}", name) for n, name in enumerate(names, 1)]
    if len(outputs) != count:
        raise ValueError(f"output: {len(outputs)} outputs for {count} videos; name as many, or one with {{n}} in it")
    if len({_place(output) for output in outputs}) != count or sum(output in STDOUT for output in outputs) > 1:
        raise ValueError(f"output={redacted(outputs[0])} for {count} videos: put {{n}} or {{name}} into it")
    return [Camera(*parts) for parts in zip(names, videos, outputs, strict=True)]


def _place(output: str) -> str:
    from temporal_colorize.video.live.addresses import is_live_output

    return output if is_live_output(output) else os.path.realpath(output)
