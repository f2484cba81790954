"""A small scene with a thing that moves through it, and where it is."""

import cv2
import numpy as np

SHAPE = 120, 200
_SIZE = 30, 24  # of the thing


def moving_scene(count: int, *, pillar: int = 0) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Draw luma, (H, W) uint8, and the thing's visible mask, bool: 2 pixels a frame to the right, behind a pillar
    that is so wide.
    """
    rng = np.random.default_rng(0)
    ground, thing, post = (
        cv2.resize(rng.integers(low, high, (height, width), np.uint8), None, fx=5, fy=5, interpolation=cv2.INTER_CUBIC)
        for low, high, height, width in ((90, 150, 24, 40), (20, 250, 6, 5), (150, 200, 24, 15))
    )
    thing = thing[: _SIZE[0], : _SIZE[1]]
    lumas, masks = [], []
    for number in range(count):
        luma, mask = ground.copy(), np.zeros(SHAPE, bool)
        place = slice(45, 45 + _SIZE[0]), slice(10 + 2 * number, 10 + 2 * number + _SIZE[1])
        luma[place], mask[place] = thing[:, : luma[place].shape[1]], True
        if pillar:
            hidden = slice(70, 70 + pillar)
            luma[:, hidden], mask[:, hidden] = post[:120, :pillar], False
        noise = rng.normal(0, 1.5, SHAPE)
        lumas.append(np.clip(luma + noise, 16, 235).astype(np.uint8))
        masks.append(mask)
    return lumas, masks
