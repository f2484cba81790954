"""Reads and writes video files, and knows nothing of colour: luma in, chroma planes in, everything else kept."""

from .errors import VideoError
from .frame import Frame
from .info import VideoInfo
from .paths import default_output
from .reader import VideoReader, probe
from .writer import VideoWriter

__all__ = ["Frame", "VideoError", "VideoInfo", "VideoReader", "VideoWriter", "default_output", "probe"]
