"""Colour a video or a picture: `python infer.py video=clip.mp4`."""

from temporal_colorize.cli import infer

if __name__ == "__main__":
    infer()
