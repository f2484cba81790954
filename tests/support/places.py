"""Invented places in colour, as a fixed camera might see them by day and by night."""

import cv2
import numpy as np


def place(seed: int = 0, *, height: int = 180, width: int = 240, margin: int = 16) -> np.ndarray:
    """Draw coloured boxes, lines and discs: (height + 2 margin, width + 2 margin, 3) uint8 RGB."""
    rng = np.random.default_rng(seed)
    size = height + 2 * margin, width + 2 * margin
    canvas = np.full((*size, 3), rng.integers(90, 160, 3), np.uint8)
    for _ in range(60):
        x, y = int(rng.integers(size[1])), int(rng.integers(size[0]))
        colour = tuple(int(value) for value in rng.integers(20, 235, 3))
        far = int(x + rng.integers(8, 50)), int(y + rng.integers(8, 50))
        if rng.random() < 0.6:
            cv2.rectangle(canvas, (x, y), far, colour, -1)
        else:
            cv2.circle(canvas, (x, y), int(rng.integers(4, 18)), colour, -1)
    return cv2.GaussianBlur(canvas, (0, 0), 0.8)


def view(canvas: np.ndarray, *, right: int = 0, down: int = 0, margin: int = 16) -> np.ndarray:
    """Cut out what a camera sees that points so many pixels further right and down."""
    height, width = (length - 2 * margin for length in canvas.shape[:2])
    return np.ascontiguousarray(canvas[margin + down :, margin + right :][:height, :width])


def at_night(rgb: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Give the luma of a darker picture, lit from the left, with noise: (H, W) uint8."""
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    light = np.linspace(0.9, 0.45, luma.shape[1], dtype=np.float32)
    noise = np.random.default_rng(seed).normal(0, 3, luma.shape)
    return np.clip(0.8 * luma * light + 8 + noise, 0, 255).round().astype(np.uint8)
