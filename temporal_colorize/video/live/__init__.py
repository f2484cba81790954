"""Pictures from cameras as they come, and coloured ones to where they are watched or kept, for days."""

from temporal_colorize.video.live.addresses import is_live, is_live_output, redacted
from temporal_colorize.video.live.clock import Clock
from temporal_colorize.video.live.output import LiveOutput
from temporal_colorize.video.live.source import LiveSource, Picture, SourceOptions
from temporal_colorize.video.live.targets import OutputClosed, TargetOptions

__all__ = [
    "Clock",
    "LiveOutput",
    "LiveSource",
    "OutputClosed",
    "Picture",
    "SourceOptions",
    "TargetOptions",
    "is_live",
    "is_live_output",
    "redacted",
]
