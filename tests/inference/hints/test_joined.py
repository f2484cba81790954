import numpy as np
import torch

from temporal_colorize.inference.hints.guidance import Colours, Guidance
from temporal_colorize.inference.hints.joined import join_guides


class Fixed:
    """Says the same of every frame."""

    def __init__(self, name: str, guidance: Guidance | None) -> None:
        self.given, self.notes, self._name, self._guidance, self.restored = [name], [f"{name}!"], name, guidance, None

    def settings(self) -> dict[str, object]:
        return {self._name: 1}

    def begin(self, view: object) -> None:
        pass

    def __call__(self, luma: np.ndarray, seen: np.ndarray, time: float) -> Guidance | None:
        return self._guidance

    def snapshot(self) -> dict[str, torch.Tensor]:
        return {"name": torch.tensor([ord(self._name)])}

    def restore(self, snapshot: dict[str, torch.Tensor]) -> None:
        self.restored = chr(int(snapshot["name"]))


def known(ab: float, mask: list[float], *, fresh: bool = False, hints: bool = False, trust: float = 1.0) -> Guidance:
    colours = Colours(np.full((2, 1, 3), ab, np.float32), np.array([mask], np.float32))
    return Guidance(*colours, fresh, *((None, colours) if hints else (colours, None)), trust)


def ask(*guidances: Guidance | None) -> Guidance | None:
    guides = [Fixed(name, guidance) for name, guidance in zip("ab", guidances, strict=True)]
    return join_guides(guides)(np.zeros((1, 3)), np.zeros((1, 3)), 0.0)


def test_the_later_one_knows_better_where_it_knows() -> None:
    found = ask(known(10, [1, 1, 0]), known(30, [0, 1, 0.5], fresh=True))
    assert np.allclose(found.ab[:, 0, :], [[10, 30, 30]] * 2)
    assert np.allclose(found.mask, [[1, 1, 0.5]])
    assert found.fresh


def test_the_network_hears_of_each_as_alone() -> None:
    """Of a reference everywhere, of hints in their places; of several of a kind the later ones know better."""
    reference, hints = known(10, [1, 1, 0]), known(30, [0, 1, 1], hints=True)
    both = ask(reference, hints)
    assert both.told is reference.told and both.confined is hints.confined
    more = ask(hints, known(50, [0, 0, 1], hints=True))
    assert more.told is None and np.allclose(more.confined.ab[:, 0, 1:], [[30, 50]] * 2)


def test_each_pixel_is_trusted_as_its_own_source() -> None:
    found = ask(known(10, [1, 1, 0.5], trust=0.8), known(30, [0, 1, 0.5], trust=0.4))
    assert np.allclose(found.trust, [[0.8, 0.4, 0.4 + 0.4 / 3]])  # the last: 0.5 of the later one to 0.25 of the first


def test_one_that_says_nothing_leaves_the_other_as_it_is() -> None:
    one = known(10, [1, 0, 0])
    assert ask(one, None) is one and ask(None, one) is one and ask(None, None) is None


def test_it_is_all_of_them() -> None:
    guides = [Fixed("a", None), Fixed("b", None)]
    joined = join_guides(guides)
    assert (joined.given, joined.notes, joined.settings()) == (["a", "b"], ["a!", "b!"], {"a": 1, "b": 1})
    joined.restore(joined.snapshot())
    assert [guide.restored for guide in guides] == ["a", "b"]


def test_one_or_none_is_itself() -> None:
    one = Fixed("a", None)
    assert join_guides([one]) is one and join_guides([]) is None
