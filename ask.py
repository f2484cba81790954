"""Ask which colours a thing could have: `python ask.py video=clip.mp4 at=12.4s box=320,180,80,160`."""

from temporal_colorize.cli import ask

if __name__ == "__main__":
    ask()
