from __future__ import annotations

import av
import numpy as np
import pytest

from temporal_colorize.video.pixels import fill, layout_of, luma_of, output_format, plane_view


@pytest.mark.parametrize(("pix_fmt", "depth", "shift"), [("p010le", 10, 6), ("p012le", 12, 4), ("p016le", 16, 0)])
def test_semi_planar_luma_comes_in_native_depth(pix_fmt: str, depth: int, shift: int) -> None:
    luma = np.random.default_rng(0).integers(0, 1 << depth, (18, 34), dtype=np.uint16)
    frame = av.VideoFrame(34, 18, pix_fmt)
    plane_view(frame, 0, np.uint16)[:] = luma << shift
    read = luma_of(frame, matrix="bt709", full_range=False)
    assert np.array_equal(read, luma)
    assert read.dtype == np.uint16 and not read.flags.writeable


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv420p10le", "nv12"])
def test_luma_is_the_frame_s_own_and_keeps_it_alive(pix_fmt: str) -> None:
    frame = av.VideoFrame(66, 32, pix_fmt)
    lines = plane_view(frame, 0, layout_of(pix_fmt).dtype)
    lines[:] = 7
    luma = luma_of(frame, matrix="bt709", full_range=False)
    assert np.shares_memory(luma, lines)
    del frame, lines
    others = [av.VideoFrame(66, 32, pix_fmt) for _ in range(20)]
    for other in others:
        plane_view(other, 0, luma.dtype)[:] = 9
    assert (luma == 7).all()
    with pytest.raises(ValueError, match="read-only"):
        luma[0, 0] = 1


@pytest.mark.parametrize(
    ("pix_fmt", "planar"),
    [("nv12", "yuv420p"), ("nv16", "yuv422p"), ("p010le", "yuv420p10le"), ("p210le", "yuv422p10le"),
     ("yuv420p", "yuv420p"), ("yuv444p10le", "yuv444p10le")],
)  # fmt: skip
def test_a_filled_frame_is_the_planar_one(pix_fmt: str, planar: str) -> None:
    """By swscale, which rearranges these formats without a change; on more threads it is not to be trusted."""
    layout = layout_of(planar)
    shapes = [(18, 34), *[output_format(layout, width=34, height=18)[1]] * 2]
    planes = [np.random.default_rng(0).integers(0, 1 << layout.depth, shape, layout.dtype) for shape in shapes]
    frame = av.VideoFrame(34, 18, pix_fmt)
    fill(frame, *planes)
    converted = frame.reformat(format=planar, threads=1) if pix_fmt != planar else frame
    for index, plane in enumerate(planes):
        np.testing.assert_array_equal(plane_view(converted, index, layout.dtype), plane)


def test_every_format_of_ffmpeg_has_a_layout() -> None:
    for name in sorted(av.video.frame.supported_np_pix_fmts):
        layout = layout_of(name)
        assert 8 <= layout.depth <= 16, name
        assert layout.convert_to is None or layout_of(layout.convert_to).convert_to is None, name


@pytest.mark.parametrize(
    ("pix_fmt", "size", "written", "chroma"),
    [
        ("gray", (64, 48), "yuv420p", (24, 32)),
        ("gray12le", (64, 48), "yuv420p12le", (24, 32)),
        ("nv12", (64, 48), "yuv420p", (24, 32)),
        ("p010le", (64, 48), "yuv420p10le", (24, 32)),
        ("nv16", (64, 48), "yuv422p", (48, 32)),
        ("yuvj422p", (64, 47), "yuv422p", (47, 32)),
        ("yuv422p", (63, 48), "yuv444p", (48, 63)),
        ("yuv420p10le", (64, 47), "yuv444p10le", (47, 64)),
        ("yuva420p", (64, 48), "yuv420p", (24, 32)),
        ("yuv440p", (64, 48), "yuv444p", (48, 64)),
        ("pal8", (64, 48), "yuv420p", (24, 32)),
        ("gbrp12le", (64, 48), "yuv420p10le", (24, 32)),
        ("uyvy422", (64, 48), "yuv422p", (48, 32)),
        ("y210le", (64, 48), "yuv422p10le", (48, 32)),
        ("ya8", (64, 48), "yuv420p", (24, 32)),
    ],
)
def test_output_format(pix_fmt: str, size: tuple[int, int], written: str, chroma: tuple[int, int]) -> None:
    assert output_format(layout_of(pix_fmt), width=size[0], height=size[1]) == (written, chroma)
