"""Check a coloured file against its record: `python verify.py clip.color.mp4`."""

from temporal_colorize.cli import verify

if __name__ == "__main__":
    verify()
