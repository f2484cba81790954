"""A folder with every file that the documents name: small and made up, but of the kind that they say."""

import os
import shutil
import tarfile
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import torch

from data_prep.prepare import prepare
from data_prep.shards import write_shards
from tests.data_prep.raw import picture, save, save_video
from tests.models import test_zhang
from tests.provenance.test_signing import write_chain
from tests.support.caffe import write_caffe
from tests.support.networks import tiny_weights_file
from tests.support.places import at_night, place, view

RUN = "runs/2026-01-31_12-00-00"  # a training's folder


def make_stock(folder: Path) -> Path:
    """Fill a folder; return it."""
    _footage(folder)
    _night_and_day(folder)
    _weights(folder)
    _data(folder)
    write_chain(folder)
    return folder


def copy_stock(stock: Path, folder: Path) -> Path:
    """Give a test a stock of its own: files are linked, and programs replace files rather than change them."""
    return shutil.copytree(stock, folder, copy_function=os.link)


def _footage(folder: Path) -> None:
    canvas = place(height=352, width=512)
    lumas = [at_night(view(canvas), seed=number) for number in range(15)]
    write_lumas(folder / "clip.mp4", lumas, rate=1)  # 15 s in which the pages ask at 12.4 s
    cv2.imwrite(str(folder / "photo.jpg"), lumas[0])
    cv2.imwrite(str(folder / "frame.png"), _painted(lumas[0]))
    cv2.imwrite(str(folder / "coat.png"), _painted(lumas[0])[..., 1])
    (folder / "footage" / "north").mkdir(parents=True)
    small = [at_night(view(place(height=96, width=128)), seed=number) for number in range(4)]
    names = ("Cam 3 (north), 2024=05.mp4", "a.mp4", "b.mkv", "footage/a.mp4", "footage/north/b.mp4", "night.mkv")
    for name in (*names, "clips/cctv-1.mp4", "mono/fi1.mp4"):
        (folder / name).parent.mkdir(exist_ok=True)
        write_lumas(folder / name, small, rate=25)
    shutil.copy(folder / "clip.mp4", folder / "davis-car-roundabout.mp4")
    shutil.copy(folder / "a.mp4", folder / "cctv-nofi002.mp4")


def _painted(luma: np.ndarray) -> np.ndarray:
    """Paint a red box on a grey picture: (H, W, 3) BGR."""
    painted = cv2.cvtColor(luma, cv2.COLOR_GRAY2BGR)
    painted[40:120, 40:100] = 40, 40, 160
    return painted


def write_lumas(path: Path, lumas: list[np.ndarray], *, rate: int) -> None:
    """Write (H, W) uint8 pictures as H.264 without colour."""
    height, width = lumas[0].shape
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "crf": "20"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        for number, luma in enumerate(lumas):
            frame = av.VideoFrame.from_ndarray(cv2.cvtColor(luma, cv2.COLOR_GRAY2RGB), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(video.encode(frame))
        container.mux(video.encode())


def _night_and_day(folder: Path) -> None:
    canvas = place()
    write_lumas(folder / "night.mp4", [at_night(view(canvas), seed=number) for number in range(4)], rate=25)
    day = view(canvas, right=3)
    for name in ("day.jpg", "morning.jpg", "noon.jpg"):
        save(folder / name, day)
    with av.open(str(folder / "day.mp4"), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"crf": "10"})
        video.width, video.height, video.pix_fmt = day.shape[1], day.shape[0], "yuv420p"
        for _ in range(5):
            container.mux(video.encode(av.VideoFrame.from_ndarray(day)))
        container.mux(video.encode())


def _weights(folder: Path) -> None:
    (folder / RUN).mkdir(parents=True)
    for place_ in (".", RUN, "runs/sizes/0", "runs/sizes/1"):
        (folder / place_).mkdir(parents=True, exist_ok=True)
        tiny_weights_file(folder / place_)
        name = "mine.safetensors" if place_ == "." else "weights.safetensors"
        (folder / place_ / "tiny.safetensors").rename(folder / place_ / name)
    for number, size in enumerate((64, 96)):
        (folder / f"runs/sizes/{number}/.hydra").mkdir()
        (folder / f"runs/sizes/{number}/.hydra/overrides.yaml").write_text(f"- data.size={size}\n")
    prototxt, caffemodel = write_caffe(folder, width=8)
    prototxt.rename(folder / "colorization_deploy_v2.prototxt")
    caffemodel.rename(folder / "colorization_release_v2.caffemodel")
    torch.save(test_zhang.public_weights(), folder / "colorization_release_v2-9b330a0b.pth")


def _data(folder: Path) -> None:
    for number in range(24):
        save(
            folder / "raw/human-detection/human detection dataset" / str(number % 2) / f"{number}.png", picture(number)
        )
    for number in range(4):
        save_video(folder / "raw/cameras/north" / f"{number}.mp4", seed=100 + number)
    prepare("human-detection", folder / "raw/human-detection", folder / "prepared", tuning_percent=25)
    prepare("videos", folder / "raw/cameras", folder / "prepared", tuning_percent=25)
    write_shards(folder / "prepared", folder / "shards", shard_mb=1)
    for number in range(8):
        save(folder / "own/images" / f"{number}.png", picture(number))
    save_video(folder / "own/clips/a.mp4", seed=100)
    save_video(folder / "validation/clips/cctv-1.mp4", seed=102, count=6)
    with tarfile.open(folder / "validation/stills.tar", "w") as tar:
        for name in ("val-00001", "val2-00001", "val-00301"):
            save(folder / f"{name}.webp", picture(len(name)))
            tar.add(folder / f"{name}.webp", f"{name}.webp")
    (folder / "images").mkdir()
    shutil.copy(folder / "validation/stills.tar", folder / "images")
