from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from temporal_colorize.models.efficientnet_lite import imagenet_weights
from temporal_colorize.models.fusion import FusionNet

# Baldassarre et al. 2017, table 1: inputs, outputs, stride. The fused 1x1 convolution has 256 + 1000 inputs.
ENCODER = [(1, 64, 2), (64, 128, 1), (128, 128, 2), (128, 256, 1), (256, 256, 2), (256, 512, 1), (512, 512, 1)]
ENCODER += [(512, 256, 1)]
DECODER = [(256, 128), (128, 64), (64, 64), (64, 32), (32, 2)]
ENLARGED_AFTER = {0, 2, 4}
EXTRACTORS = {"inception_resnet_v2": 55_843_464, "vgg16": 138_357_544, "efficientnet_lite0": 4_652_008}


def lite(**options: object) -> FusionNet:
    torch.manual_seed(0)
    return FusionNet(extractor="efficientnet_lite0", **options).eval()


@pytest.fixture(scope="module")
def net() -> FusionNet:
    return lite(extractor_weights="imagenet")


@pytest.fixture
def clip() -> Tensor:
    return 100 * torch.rand(2, 2, 1, 32, 48, generator=torch.Generator().manual_seed(1))


def enlarged(x: Tensor) -> Tensor:
    return x.repeat_interleave(2, 2).repeat_interleave(2, 3)


def by_hand(net: FusionNet, lightness: Tensor, scores: Tensor) -> Tensor:
    """The paper's table, layer by layer, on one frame (1, 1, H, W)."""
    kernels = [value for name, value in net.named_parameters() if not name.startswith("extractor.")]
    pairs = list(zip(kernels[::2], kernels[1::2], strict=True))
    x = lightness / 50 - 1
    for (weight, bias), (_, _, stride) in zip(pairs[:8], ENCODER, strict=True):
        x = F.conv2d(x, weight, bias, stride, padding=1).clamp(min=0)
    x = torch.cat([x, scores.view(1, 1000, 1, 1) * torch.ones_like(x[:, :1])], 1)
    x = F.conv2d(x, *pairs[8]).clamp(min=0)
    for number, (weight, bias) in enumerate(pairs[9:]):
        x = F.conv2d(x, weight, bias, padding=1)
        x = x.clamp(min=0) if number < 4 else 110 * x.tanh()
        x = enlarged(x) if number in ENLARGED_AFTER else x
    return x


@pytest.mark.parametrize(("extractor", "count"), EXTRACTORS.items())
def test_layers_and_parameters_are_those_of_the_paper(extractor: str, count: int) -> None:
    with torch.device("meta"):
        net = FusionNet(extractor=extractor)
    kernels = [tuple(value.shape) for name, value in net.named_parameters() if "extractor" not in name]
    assert kernels[:16:2] == [(outputs, inputs, 3, 3) for inputs, outputs, _ in ENCODER]
    assert kernels[16] == (256, 1256, 1, 1)
    assert kernels[18::2] == [(outputs, inputs, 3, 3) for inputs, outputs in DECODER]
    # worked by hand: encoder 5,827,200, fusion 321,792, decoder 424,802
    assert sum(p.numel() for p in net.parameters()) == 6_573_794 + count


@torch.no_grad()
def test_the_output_equals_the_table_worked_layer_by_layer(net: FusionNet, clip: Tensor) -> None:
    given = []
    handle = net.extractor.register_forward_hook(lambda _, __, scores: given.append(scores))
    output, _ = net(clip[1:, 1:])
    handle.remove()
    expected = by_hand(net, clip[1, 1:], given[0])
    assert output.ab.shape == (1, 1, 2, 32, 48) and output.logits is None
    assert expected.std() > 1  # or everything would agree
    torch.testing.assert_close(output.ab[0], expected, atol=1e-3, rtol=1e-4)


@torch.no_grad()
def test_the_scores_are_those_of_the_published_classifier(net: FusionNet) -> None:
    published = EfficientNet.from_name("efficientnet-lite0", image_size=224).eval()
    published.load_state_dict(imagenet_weights("lite0"))
    picture = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(2)) * 2 - 1
    torch.testing.assert_close(net.extractor(picture), published(picture), atol=1e-4, rtol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("size", [(232, 448), (32, 64)], ids=["shrunk", "enlarged"])
def test_the_extractor_sees_the_grey_frame_at_its_size(net: FusionNet, size: tuple[int, int]) -> None:
    """Pillow's antialiased bilinear resize is the oracle; (code - 127) / 128 is what the package's weights ask for."""
    lightness = 100 * torch.rand(size, generator=torch.Generator().manual_seed(3))
    seen = []
    handle = net.extractor.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    net(lightness[None, None, None])
    handle.remove()
    small = Image.fromarray((lightness * 2.55).numpy()).resize((224, 224), Image.Resampling.BILINEAR)
    expected = (torch.from_numpy(np.array(small)) - 127) / 128
    assert seen[0].shape == (1, 3, 224, 224)
    torch.testing.assert_close(seen[0][0], expected.expand(3, -1, -1), atol=1e-3, rtol=1e-3)


@torch.no_grad()
def test_frames_are_coloured_one_by_one_and_the_state_comes_back(net: FusionNet, clip: Tensor) -> None:
    state = (torch.ones(1),)
    whole, after = net(clip, torch.rand(2, 2, 3, 32, 48), state)
    assert after is state and net(clip[:, :1])[1] is None
    alone = torch.cat([net(frame)[0].ab for frame in clip.split(1, 1)], 1)
    torch.testing.assert_close(alone, whole.ab, atol=1e-3, rtol=1e-4)


def step(net: FusionNet, clip: Tensor) -> set[str]:
    """Train one step; give the names of the parts in which something has changed, batch statistics included."""
    before = {name: value.clone() for name, value in net.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=1e-3)
    net.train()(clip)[0].ab.square().mean().backward()
    optimizer.step()
    return {name.split(".")[0] for name, value in net.state_dict().items() if not torch.equal(value, before[name])}


@pytest.mark.parametrize(
    ("options", "trained"),
    [
        ({"extractor_weights": "imagenet"}, False),
        ({"extractor_weights": "imagenet", "frozen": False}, True),
        ({"frozen": True}, False),
        ({}, True),
    ],
)
def test_an_extractor_is_frozen_where_it_has_weights_unless_asked(options: dict, trained: bool, clip: Tensor) -> None:
    changed = step(lite(**options), clip[:, :1])
    assert changed == {"encoder", "fusion", "decoder"} | ({"extractor"} if trained else set())


@torch.no_grad()
def test_a_network_is_built_again_without_the_extractors_file(net: FusionNet, clip: Tensor) -> None:
    again = FusionNet(**net.config).eval()
    again.load_state_dict(net.state_dict())
    torch.testing.assert_close(again(clip[:1, :1])[0].ab, net(clip[:1, :1])[0].ab, atol=0, rtol=0)


def write_pth(path: Path) -> None:
    torch.save(dict(imagenet_weights("lite0")), path)


def write_safetensors(path: Path) -> None:
    save_file({name: value.contiguous() for name, value in imagenet_weights("lite0").items()}, path)  # sorts them


@pytest.mark.parametrize(("name", "write"), [("lite0.pth", write_pth), ("lite0.safetensors", write_safetensors)])
def test_weights_are_read_by_path(net: FusionNet, tmp_path: Path, name: str, write: Callable[[Path], None]) -> None:
    write(tmp_path / name)
    taken = lite(extractor_weights=str(tmp_path / name)).extractor.state_dict()
    assert all(torch.equal(value, taken[name]) for name, value in net.extractor.state_dict().items())


def test_what_is_no_weights_file_is_refused(tmp_path: Path) -> None:
    text, other, code = tmp_path / "a.safetensors", tmp_path / "b.pth", tmp_path / "c.pt"
    text.write_text("no tensors"), torch.save({"epoch": 3}, other), torch.save(FusionNet, code)
    for path in (text, other, code, tmp_path / "none.pth"):
        with torch.device("meta"), pytest.raises(ValueError, match=f"^extractor_weights={path}[^\n]+$"):
            lite(extractor_weights=str(path))


@pytest.mark.parametrize("extractor", ["vgg16", "efficientnet_lite0"])
def test_weights_of_another_network_are_refused(extractor: str, tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    torch.save({"conv2d_1a.conv.weight": torch.zeros(32, 3, 3, 3)}, path)
    with torch.device("meta"), pytest.raises(ValueError, match=f"does not fit extractor={extractor}: [^\n]+$"):
        FusionNet(extractor=extractor, extractor_weights=str(path))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"extractor": "resnet50"}, "extractor=resnet50 is unknown: choose inception_resnet_v2, vgg16"),
        ({"extractor": "vgg16", "extractor_weights": "imagenet"}, "efficientnet_lite0 alone"),
    ],
)
def test_impossible_options_are_refused(options: dict, message: str) -> None:
    with torch.device("meta"), pytest.raises(ValueError, match=message):
        FusionNet(**options)


def test_a_size_that_does_not_halve_thrice_is_refused(net: FusionNet) -> None:
    with pytest.raises(ValueError, match="multiples of 8"):
        net(torch.zeros(1, 1, 1, 36, 64))
