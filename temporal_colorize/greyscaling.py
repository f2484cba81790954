"""Colour taken away: a video or a picture as a monochrome camera would have it, but for its own luma."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from temporal_colorize.config.building import encoding_of
from temporal_colorize.config.given import composed

if TYPE_CHECKING:
    from temporal_colorize.inference.greyscale import Grey
    from temporal_colorize.inference.watching import Watch

_READ_BY = ("decoder", "deinterlace", "rate", "start", "end")
_OPTIONS = (*_READ_BY, "audio", "encoder", "limits")


def greyscale(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    *,
    watch: "Watch | None" = None,
    **options: object,
) -> "Grey":
    """Write a video or a picture without its colours; luma, times and sound stay, and no network is needed.

    Args:
        source: A video, numbered pictures, or a picture.
        output: Where to; None for `clip.grey.mp4` beside `clip.mp4`.
        watch: Is called with every frame of a video, a `ColoredFrame`; what it raises ends the job.
        options: Of infer.py: decoder, deinterlace, rate, start, end, audio, encoder and limits, and what is in these.

    Raises:
        ValueError: If the source cannot be read, the output not written or an option is wrong.
    """
    if others := [name for name in options if name.partition(".")[0] not in _OPTIONS]:
        raise ValueError(f"{others[0]} has no meaning without colours: leave it out; here are {', '.join(_OPTIONS)}")
    config = composed("infer", options)
    from temporal_colorize.inference.greyscale import grey_picture, grey_video
    from temporal_colorize.inference.picture import is_picture
    from temporal_colorize.options import require_one_of
    from temporal_colorize.video import Limits

    require_one_of("audio", config.audio, ("copy", "drop"))
    limits = Limits(**config.limits)
    if is_picture(source):
        return grey_picture(source, output, limits=limits)
    codec, encoding = encoding_of(config.encoder)
    reading = {name: config[name] for name in _READ_BY}
    return grey_video(
        Path(source), output, codec=codec, options=encoding, audio=config.audio, watch=watch, limits=limits, **reading
    )
