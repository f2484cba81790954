"""What the colour state does when a live picture changes."""

import numpy as np
import torch

from data_prep.sample_clip import render_frames
from temporal_colorize import cli
from temporal_colorize.color.chroma import ChromaCoding, luma_of_rgb
from temporal_colorize.inference.chroma_stream import ChromaStream
from temporal_colorize.inference.gate import GateOptions
from temporal_colorize.inference.session import Session, SessionOptions
from tests.support.networks import tiny_weights


def test_a_switch_to_infrared_restarts_the_colours_and_a_gap_in_the_same_scene_does_not() -> None:
    """By day, after a gap of a second with what moves elsewhere, and by night; the gate on, as by default."""
    degrade = cli.build(cli.compose("train", ["degrade=infrared"]).degrade)
    clip = np.stack(list(render_frames(width=320, height=192, seconds=1.8)))
    rgb = torch.from_numpy(clip).permute(0, 3, 1, 2)[None].float() / 255
    day = luma_of_rgb(rgb[0], "bt601")
    for seed in range(2):
        night = degrade(rgb[:, 30:33], matrix="bt601", generator=torch.Generator().manual_seed(seed))[0]
        session = Session(tiny_weights(), SessionOptions(size=64))
        coding = ChromaCoding("bt601", full_range=True)
        stream = ChromaStream(session, coding, shape=(192, 320), chroma_shape=(96, 160), gate=GateOptions())
        for luma in (*day[:8], *day[35:45]):
            stream((255 * luma[0]).clamp(0, 255).byte().numpy())
        assert session.cuts == 0
        for luma in night:
            stream((255 * luma[0]).clamp(0, 255).byte().numpy())
        assert session.cuts == 1
