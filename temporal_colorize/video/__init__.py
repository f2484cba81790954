"""Reads and writes video files, and knows nothing of colour: luma in, chroma planes in, everything else kept."""

from temporal_colorize.video.colors import rgb_at, sample_rgb
from temporal_colorize.video.decoder import Decoder
from temporal_colorize.video.deinterlace import Deinterlace
from temporal_colorize.video.errors import VideoError
from temporal_colorize.video.frame import Frame
from temporal_colorize.video.info import VideoInfo
from temporal_colorize.video.limits import Limits
from temporal_colorize.video.opening import open_local
from temporal_colorize.video.paths import default_output, suffix_note
from temporal_colorize.video.picture_size import picture_size
from temporal_colorize.video.position import Position
from temporal_colorize.video.reader import VideoReader, probe
from temporal_colorize.video.source import is_sequence
from temporal_colorize.video.writer import VideoWriter

__all__ = [
    "Decoder",
    "Deinterlace",
    "Frame",
    "Limits",
    "Position",
    "VideoError",
    "VideoInfo",
    "VideoReader",
    "VideoWriter",
    "default_output",
    "is_sequence",
    "open_local",
    "picture_size",
    "probe",
    "rgb_at",
    "sample_rgb",
    "suffix_note",
]
