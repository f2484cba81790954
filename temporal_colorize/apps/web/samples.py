"""The demo's examples, rendered here where somebody first asks for them: nothing is downloaded."""

import threading
from pathlib import Path

from temporal_colorize.apps.service import Service
from temporal_colorize.apps.web.desk import new_key

CLIP, PICTURE = "sample.mp4", "sample.png"


class Samples:
    """Renders each once, into a folder of its own, which the service removes with those of visitors."""

    def __init__(self, service: Service) -> None:
        self._service, self._key = service, new_key()
        self._lock = threading.Lock()
        self._made: dict[str, Path] = {}

    def get(self, name: str) -> Path:
        """Return an example.

        Raises:
            ValueError: If it cannot be rendered here.
        """
        with self._lock:
            if name not in self._made or not self._made[name].is_file():
                path = self._service.place(self._key, name)
                self._render(path)
                self._made[name] = path
            return self._made[name]

    def _render(self, path: Path) -> None:
        try:
            from temporal_colorize.sample.clip import render_frames, render_sample
        except ImportError:
            raise ValueError("the examples need scikit-image: pip install '.[web]' in a checkout") from None
        if path.name == CLIP:
            render_sample(path)
            return
        import cv2

        cv2.imwrite(str(path), next(render_frames(width=960, height=540))[..., ::-1])
