"""The files that a panel offers and takes."""

import itertools
from pathlib import Path, PureWindowsPath

from temporal_colorize.inference.footage import VIDEOS, is_ours, sources_beside
from temporal_colorize.inference.picture import SUFFIXES as PICTURES

_MIB = 2**20


def files_in(folder: Path) -> list[str]:
    """Name the videos and pictures of a folder, but for hidden ones and what was made of another that is there."""
    found = (path for path in folder.iterdir() if path.suffix.lower() in VIDEOS | PICTURES and path.is_file())
    sources = sources_beside()
    return sorted(path.name for path in found if not path.name.startswith(".") and not is_ours(path, sources))


def keep_upload(folder: Path, name: str, content: bytes | memoryview, *, most_mib: int) -> Path:
    """Write an uploaded file into a folder, over no other: `clip (1).mp4` where there is a `clip.mp4`.

    Raises:
        ValueError: If it is too large, no video or picture by its name, or cannot be written.
    """
    plain = Path(PureWindowsPath(name).name.lstrip("."))  # without whatever folders a browser sends
    if plain.suffix.lower() not in VIDEOS | PICTURES:
        raise ValueError(f"{plain}: is neither a video nor a picture by its name")
    if len(content) > most_mib * _MIB:
        raise ValueError(f"{plain}: has {len(content) / _MIB:.0f} MiB, above upload_mib={most_mib}; "
                         f"put it into {folder}, and choose it there")  # fmt: skip
    for number in itertools.count():
        path = folder / (f"{plain.stem} ({number}){plain.suffix}" if number else plain.name)
        try:
            with path.open("xb") as file:
                file.write(content)
        except FileExistsError:
            continue
        except OSError as error:
            raise ValueError(f"{path}: cannot be written ({error.strerror})") from error
        return path
