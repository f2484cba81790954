"""Colouring without colour: what every test of the writer does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from temporal_colorize.video import Frame, VideoReader, VideoWriter

Recolor = Callable[..., tuple[VideoReader, VideoWriter]]


def _recolor(source: Path, target: Path, **options: object) -> tuple[VideoReader, VideoWriter]:
    with VideoReader(source) as reader, VideoWriter(target, reader, **options) as writer:
        for item in reader:
            if isinstance(item, Frame):
                middle = 1 << (reader.info.bit_depth - 1)
                chroma = np.full(writer.chroma_shape, middle, item.luma.dtype)
                writer.write(item, chroma, chroma + 3)
            else:
                writer.copy(item)
    return reader, writer


@pytest.fixture
def recolor() -> Recolor:
    """Run a file through reader and writer with constant chroma; keyword options go to the writer."""
    return _recolor
