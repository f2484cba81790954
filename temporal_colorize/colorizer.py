"""The programming interface: what infer.py and ask.py do, with weights that stay open."""

import functools
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from temporal_colorize.config.asking import answer_to, check_question
from temporal_colorize.config.building import gate_of, session_options
from temporal_colorize.config.checking import check_coloring, check_files, check_image, check_stream
from temporal_colorize.config.given import composed
from temporal_colorize.config.guiding import guides_of
from temporal_colorize.config.opened import open_for
from temporal_colorize.config.preparing import prepare
from temporal_colorize.hub.sharing import Shared, is_repository
from temporal_colorize.inference.footage import require_one_file

if TYPE_CHECKING:
    from temporal_colorize.config.composing import Config
    from temporal_colorize.inference.answer import Answer
    from temporal_colorize.inference.report import Report
    from temporal_colorize.inference.session import Session
    from temporal_colorize.inference.streaming import ColoredStream
    from temporal_colorize.inference.watching import Watch

Source = str | os.PathLike[str]
_LOG = logging.getLogger("temporal_colorize")
_NOT_OF_FILE = {
    "variants": "are several files: use infer.py",
    "report": "is what file() returns: leave it out",
    "video": "is the source: give one",
    "engine": "is for infer.py: leave it out",
}
_OPENED_WITH = ("model", "device", "runtime", "precision", "threads", "cache")


class ColoredPicture(NamedTuple):
    """A picture in colour, (H, W, 3) of the type that it was given in, and how sure each colour is, (H, W) float32 in
    0..1, or None where the network cannot say."""

    rgb: np.ndarray
    confidence: np.ndarray | None


class Colorizer(Shared):
    """Weights that are open, and colour files, streams and pictures.

    Every option is one of infer.py's, by the same name, and its default is that of `conf/infer.yaml`; those with a dot
    are given as `**{"encoder.crf": 18}`. Any number of threads may use one colorizer: what they colour shares the
    network and nothing else.

    Args:
        weights: The name of shipped weights, or a file; see infer.py.
        options: Those that say how the network is computed: `device`, `runtime`, `precision`, `threads`, `cache`, and
            `model`.

    Attributes:
        weights: As given.

    Raises:
        ValueError: If the weights cannot be had or an option is wrong, in one line that names it.
    """

    def __init__(self, weights: Source = "convlstm", **options: object) -> None:
        if others := sorted(set(options) - set(_OPENED_WITH)):
            raise ValueError(f"{others[0]} is not of the weights: give it with what is coloured; here only "
                             + ", ".join(_OPENED_WITH))  # fmt: skip
        self.weights = os.fspath(weights)
        self._options = {"weights": self.weights, **options}
        self._opened = open_for(self._composed("infer", {}))

    @classmethod
    def load(cls, weights: Source = "convlstm", **options: object) -> "Colorizer":
        """Open weights; see the class. A folder, or "user/name" where no such file is, goes to `from_pretrained`."""
        return cls.from_pretrained(weights, **options) if is_repository(weights) else cls(weights, **options)

    @property
    def vividness(self) -> float | None:
        """What suits the weights, 0 honest .. 1 vivid; None of those that leave no choice, and know no confidence."""
        weights = self._opened.weights
        return weights.decoding.vividness if weights.net.has_bins else None

    def check(self, source: Source, **options: object) -> None:
        """Refuse what `file` would refuse of its options whatever the source is, and hints that cannot be read.

        Raises:
            ValueError: With the line that `file` would have.
        """
        from temporal_colorize.inference.hints.entries import read_hints
        from temporal_colorize.video import Limits

        config = self._composed("infer", {**options, "video": source})
        check_coloring(config)
        check_files(config, here=True)
        Limits(**config.limits)
        session_options(config)
        if config.hints is not None:
            read_hints(config.hints, at=config.hints_at)

    def file(
        self,
        source: Source,
        output: Source | None = None,
        *,
        watch: "Watch | None" = None,
        idle: Callable[[], object] = lambda: None,
        pace: Callable[[], object] = lambda: None,
        **options: object,
    ) -> "Report":
        """Colour a video or a picture, as `infer.py video=source output=output` does, with its record beside it.

        Args:
            source: A video, numbered pictures (`frames/%05d.png`), or a picture.
            output: Where to; None for `clip.color.mp4` beside `clip.mp4`.
            watch: Is called with every coloured frame of a video, a `ColoredFrame`, in order, in another thread, which
                waits for it. What it raises ends the job; the same call goes on from what is finished.
            idle: Is called for every frame that is read before the first is coloured, for hints that are carried back;
                what it raises ends the job.
            pace: Is called by each of a video's threads between two frames, and may make it wait.
            options: Of infer.py, such as `reference="day.jpg"`, `confidence="sure.mp4"`, `encoder="lossless"`.

        Raises:
            ValueError: Where infer.py would end with exit status 2, with the same line.
        """
        for name, why in _NOT_OF_FILE.items():
            if options.get(name) is not None:
                raise ValueError(f"{name}={options[name]} {why}")
        require_one_file(os.fspath(source))
        given = {"progress": False, **options, "video": source, "output": output}
        config = self._composed("infer", given)
        check_coloring(config)
        check_files(config, here=True)
        prepared = prepare(config, [Path(source)], opened=self._opened, watch=watch, idle=idle, pace=pace)
        return prepared.colorize(Path(source), None if output is None else Path(output))

    def stream(
        self,
        source: Source | int,
        *,
        tell: Callable[[str], object] = _LOG.warning,
        idle: Callable[[], object] = lambda: None,
        **options: object,
    ) -> "ColoredStream":
        """Colour the pictures of a file or a camera one by one, as they are asked for, and write nothing.

        A camera is connected again whenever its connection ends, and yields its newest picture for as long as somebody
        asks; `close()` of what is returned ends it, from whatever thread.

        Args:
            source: A file, a camera's address or a webcam's number; see infer.py.
            tell: Takes a line whenever a camera's connection is lost or made; it may come from another thread. Without
                it they are warnings of the logger "temporal_colorize".
            idle: Is called twice a second while a camera gives no picture; what it raises ends the stream.
            options: Of infer.py: how pictures are coloured; of files `hints`, `reference`, `start`, `end`, `rate` and
                `deinterlace`, of cameras `**{"live.source.transport": "udp"}` and the others of `live.source`.

        Raises:
            ValueError: If an option is wrong or has no meaning here; with the first picture, if a file cannot be read.
        """
        from temporal_colorize.video.live import is_live

        name = str(source) if isinstance(source, int) else os.fspath(source)
        config = self._composed("infer", {**options, "video": "-"})  # of all sources the same, and so composed once
        check_coloring(config)
        check_stream(config, live=is_live(name))
        return self._stream_camera(name, config, tell, idle) if is_live(name) else self._stream_file(name, config)

    def image(self, grey: np.ndarray, **options: object) -> ColoredPicture:
        """Colour a picture that is in memory.

        Args:
            grey: (H, W) luma as in a picture file, of Rec. 601 and full range: uint8, or uint16 up to 65535.
            options: Of infer.py: how pictures are coloured, `hints` and `reference`.

        Raises:
            ValueError: If it is no such picture or an option is wrong.
        """
        from temporal_colorize.inference.picture import color_plane
        from temporal_colorize.inference.planes import enlarge
        from temporal_colorize.video import Limits

        grey = np.asarray(grey)
        if grey.ndim != 2 or grey.dtype not in (np.uint8, np.uint16) or 0 in grey.shape:
            raise ValueError(
                f"a picture is (height, width) of uint8 or uint16, and this is {grey.shape} of {grey.dtype}"
            )
        config = self._composed("infer", options)
        check_image(config)
        limits, most = Limits(**config.limits), np.iinfo(grey.dtype).max
        if refusal := limits.refuse_size(*grey.shape[::-1]):
            raise ValueError(refusal)
        guide = guides_of(config, limits)(None)
        rgb, shown = color_plane(np.ascontiguousarray(grey), self._session(config), guide=guide)
        sure = None if shown.confidence is None else enlarge(shown.confidence.numpy(), grey.shape)
        return ColoredPicture((rgb.numpy() * most).round().astype(grey.dtype), sure)

    def ask(
        self, source: Source, *, box: tuple[int, int, int, int], at: float | None = None, **options: object
    ) -> "Answer":
        """Say which colours a thing could have, as ask.py does.

        Args:
            source: A video, numbered pictures, or a picture.
            box: Left, top, width and height in the picture's pixels, as it is shown.
            at: When it is there, in seconds; of a picture, None.
            options: Of ask.py.

        Raises:
            ValueError: Where ask.py would end with exit status 2, with the same line.
        """
        place = ",".join(map(str, box))
        config = self._composed("ask", {**options, "video": source, "box": place, "at": at})
        check_question(config)
        return answer_to(config, self._opened)

    def _stream_file(self, source: Source, config: "Config") -> "ColoredStream":
        from temporal_colorize.inference.streaming import stream_video
        from temporal_colorize.video import Limits

        limits = Limits(**config.limits)
        guide = guides_of(config, limits)(None)
        given = {name: config[name] for name in ("deinterlace", "rate", "start", "end")}
        session = self._session(config)
        return stream_video(source, session, gate=gate_of(config.gate), guide=guide, limits=limits, **given)

    def _stream_camera(
        self, address: str, config: "Config", tell: Callable[[str], object], idle: Callable[[], object]
    ) -> "ColoredStream":
        from temporal_colorize.inference.streaming import stream_camera
        from temporal_colorize.video import Limits
        from temporal_colorize.video.live import SourceOptions

        source = SourceOptions(**config.live.source, limits=Limits(**config.limits))
        make = functools.partial(self._session, config)
        return stream_camera(address, make, gate=gate_of(config.gate), options=source, tell=tell, idle=idle)

    def _session(self, config: "Config") -> "Session":
        from temporal_colorize.inference.session import Session

        weights = self._opened.weights
        options = session_options(config, confidence=weights.net.has_bins)
        return Session(weights, options, device=self._opened.device)

    def _composed(self, program: str, options: Mapping[str, object]) -> "Config":
        if fixed := [name for name in ("weights", *_OPENED_WITH) if name in options]:
            raise ValueError(f"{fixed[0]} is chosen when weights are opened: Colorizer.load({fixed[0]}=...)")
        return composed(program, {**self._options, **options})
