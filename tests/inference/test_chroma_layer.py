import numpy as np
import pytest
import torch

from temporal_colorize.color.chroma import ChromaCoding, ab_to_chroma_exact, chroma_to_codes, luma_from_code
from temporal_colorize.inference.chroma_layer import ChromaLayer
from temporal_colorize.inference.planes import ab_at, lightness_of, shrink

SHAPE, SEEN, LOW = (270, 301), (96, 128), (24, 32)  # several tiles, none of them whole
CODING = ChromaCoding("bt709")


@pytest.fixture
def scene() -> tuple[np.ndarray, torch.Tensor, torch.Tensor]:
    """Luma codes, ab and the L* that was seen."""
    rng = np.random.default_rng(0)
    luma = shrink(rng.integers(30, 220, (20, 24)).astype(np.uint8), *SHAPE)
    ab = torch.from_numpy(rng.uniform(-40, 40, (2, *LOW)).astype(np.float32))
    return luma, ab, lightness_of(shrink(luma, *SEEN), CODING)


def lay(luma: np.ndarray, ab: torch.Tensor, seen: torch.Tensor, boxes: list) -> np.ndarray:
    layer = ChromaLayer(CODING, SHAPE)
    layer.estimate(ab, seen)
    layer.lay(luma, boxes)
    return np.stack(layer.planes).astype(int)


def test_tiles_are_as_the_whole_is_by_the_slow_way(scene: tuple) -> None:
    luma, ab, seen = scene
    y = luma_from_code(torch.from_numpy(luma.astype(np.int32))[None], CODING)
    expected = chroma_to_codes(ab_to_chroma_exact(y.double(), ab_at(y, ab, seen).double(), "bt709"), CODING)
    made = lay(luma, ab, seen, [(slice(0, SHAPE[0]), slice(0, SHAPE[1]))])
    assert np.abs(made - expected.numpy().astype(int)).max() <= 1


def test_a_box_across_tiles_is_that_part_of_the_whole_and_no_more(scene: tuple) -> None:
    box = slice(100, 263), slice(7, 301)
    whole = lay(*scene, [(slice(0, SHAPE[0]), slice(0, SHAPE[1]))])
    part = lay(*scene, [box])
    assert np.abs(part - whole)[:, *box].max() <= 1  # sums in another order
    rest = np.ones(SHAPE, bool)
    rest[box] = False
    assert (part[:, rest] == 128).all()
