"""Names and options of hardware encoders, and what the software encoders of the same formats call them."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAME = re.compile(r"(h264|hevc|av1)_(nvenc|vaapi|qsv|videotoolbox)")
_SOFTWARE = {"h264": "libx264", "hevc": "libx265", "av1": "libsvtav1"}
_NUMBER = re.compile(r"\d+(\.\d+)?")
# x264's, from fast to slow; what the others call them, by place.
_PRESETS = ["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo"]
_OWN_PRESETS = {
    "nvenc": ["p1", "p1", "p2", "p3", "p3", "p4", "p5", "p6", "p7", "p7"],
    "qsv": ["veryfast", "veryfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "veryslow"],
    "libsvtav1": ["12", "11", "10", "9", "8", "7", "6", "5", "4", "3"],
}
_NO_PRESETS = ("vaapi", "videotoolbox")
_USUAL_OF = {"p1": "superfast", "p2": "veryfast", "p3": "faster", "p4": "medium", "p5": "slow", "p6": "slower",
             "p7": "veryslow"}  # fmt: skip
_OWN_QUALITY = ("cq", "qp", "global_quality")
_LAMBDA = 118  # FF_QP2LAMBDA
# Options that mean the same to every encoder, since FFmpeg itself defines them.
_COMMON = ("threads", "g", "bf", "b", "maxrate", "bufsize")


def is_hardware(codec: str) -> bool:
    """Say whether this is the name of a hardware encoder that we can replace by software."""
    return codec != "av1_videotoolbox" and _NAME.fullmatch(codec) is not None  # which FFmpeg does not have


def device_of(codec: str) -> str | None:
    """Return the device that frames must be uploaded to; None for an encoder that takes them from memory."""
    return "vaapi" if codec.endswith("_vaapi") else None


def own_options(codec: str, options: Mapping[str, str]) -> dict[str, str]:
    """Rename x264's ``preset`` and ``crf`` to what an encoder understands; its own options win over them.

    ``crf`` is on the scale of the format's software encoder: 0..51, or 0..63 for AV1. A preset is left out where the
    encoder has none. Everything else, and everything for an encoder of neither table, stays.
    """
    named = _NAME.fullmatch(codec)
    family = named[2] if named else codec
    own = dict(options)
    if own.get("preset") in _PRESETS and family in _OWN_PRESETS:
        own["preset"] = _OWN_PRESETS[family][_PRESETS.index(own["preset"])]
    if family in _NO_PRESETS:
        own.pop("preset", None)
    if named and "crf" in own:
        own = {**_quality(named[1], family, own.pop("crf")), **own}
    return own


def _quality(video_format: str, family: str, crf: str) -> dict[str, str]:
    if not _NUMBER.fullmatch(crf):
        return {"global_quality": crf}  # which FFmpeg refuses
    value = float(crf)
    if family == "nvenc":
        return {"rc": "vbr", "cq": f"{max(1.0, value):g}"}  # 0 would be "automatic"
    if family == "videotoolbox":  # 1 to 100, 100 the best
        return {"flags": "+qscale", "global_quality": str(_LAMBDA * min(100, max(1, round(100 - 2 * value))))}
    scale = 4 if (video_format, family) == ("av1", "vaapi") else 1  # a quantiser index, 0..255
    return {"global_quality": str(max(1, round(scale * value)))}


def in_software(codec: str, options: Mapping[str, str]) -> tuple[str, dict[str, str], list[str]]:
    """Name the software encoder of a hardware encoder's format, with its options as far as they go.

    Returns:
        The encoder, its options, and the names of those that it has no counterpart for.
    """
    video_format, family = _NAME.fullmatch(codec).groups()
    kept = {key: value for key, value in options.items() if key in (*_COMMON, "preset", "crf")}
    if "preset" in kept:
        kept["preset"] = _USUAL_OF.get(kept["preset"], kept["preset"])
    same_scale = video_format != "av1" and family != "videotoolbox"
    quality = next((options[key] for key in _OWN_QUALITY if key in options and same_scale), None)
    if quality is not None:
        kept["crf"] = quality
    lost = [key for key in options if key not in kept and not (same_scale and key in _OWN_QUALITY)]
    name = _SOFTWARE[video_format]
    return name, own_options(name, kept), lost
