"""Automatic Image and Video Colourisation (Thomas et al.): a classifying CNN that reads the last frame's colours."""

from collections import OrderedDict
from collections.abc import Sequence
from math import prod
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from temporal_colorize.color.bins import BIN_COUNT, bin_centres, decode_annealed_mean, load_prior
from temporal_colorize.models.blocks import ConvLSTM
from temporal_colorize.models.contract import ColorOutput, State, StatePlane, check_clip, fresh_state
from temporal_colorize.models.inception_resnet import InceptionResNetV2
from temporal_colorize.models.public_weights import read_public

Encoder = Literal["blocks", "inception_resnet_v2"]
_AB_SCALE = 110.0
_LEAST = 75  # or Inception-ResNet-v2 has nothing left at its end


class CnnLstm(nn.Module):
    """Five blocks of convolution and pooling, a classification at every place, and an LSTM of what was coloured.

    After each frame its Lab, as coloured here and at the logits' resolution, goes into a ConvLSTM; what that holds is
    read when the next frame is classified. A first frame finds it empty and is coloured as a single picture is,
    without it. Training goes back through the colours, so that it learns what its own mistakes lead to.

    The paper could not be had here. Known of it: five blocks of convolution and pooling, batch normalisation before
    every convolution but the first, a fully connected classification after the fifth block, Q = 310 colours, rarity
    weights, the LSTM as above, left out for a single picture. Chosen here: VGG-16's repeats and widths; pooling with a
    stride in three blocks of the five, since five halvings would leave 8x8 colours of a 256x256 picture; "fully
    connected" as a 1x1 convolution, so that any size goes in (from all to all places of that picture at 1/8 it would
    have 1.7e11 weights); an LSTM whose gates see 3x3 places; read by a second 1x1 convolution, added to the logits; and
    as the stored colour the annealed mean of the logits as they are.

    An Inception-ResNet-v2 can take the place of the five blocks and start from ImageNet, which the paper names as an
    option; how it is joined there is unknown. Here its last features, at about 1/32, are enlarged to the logits' places
    as if they covered the picture evenly (without padding they leave out a narrow border), and all of it is trained.

    With 310 bins the three of `color.bins` that are rarest share the output of their nearest neighbour, half of its
    probability each, so that logits stay (.., 313, ..) and finite. Which ones is kept with the weights.

    Hints are ignored.

    Args:
        encoder: "blocks", the paper's five, or "inception_resnet_v2" (54.3 M parameters; pictures from 75 pixels on).
        encoder_weights: A file of timm's `inception_resnet_v2` for that encoder to start from; None for nothing.
        widths: Channels of the blocks; of no meaning with the other encoder, and so are
        repeats: the convolutions in each.
        pooling: Stride of each block's pooling, 1 or 2; their product is `stride`, and the logits are at 1 / stride.
        memory: Hidden channels of the LSTM; 0 leaves it out, and the state then comes back as it was given.
        bins: 310 as published, or all 313.
        temperature: Of the annealed mean that `ColorOutput.ab` and the stored colour are.

    Raises:
        ValueError: If there are not five widths, repeats and poolings, an option has a value beyond those named, or the
            file of weights does not fit.
    """

    architecture = "cnn_lstm"
    stride = 8
    fixed_size: tuple[int, int] | None = None
    has_bins = True

    def __init__(
        self,
        *,
        encoder: Encoder = "blocks",
        encoder_weights: str | None = None,
        widths: Sequence[int] = (64, 128, 256, 512, 512),
        repeats: Sequence[int] = (2, 2, 3, 3, 3),
        pooling: Sequence[int] = (2, 2, 2, 1, 1),
        memory: int = 32,
        bins: Literal[310, 313] = 310,
        temperature: float = 0.38,
    ) -> None:
        super().__init__()
        if not len(widths) == len(repeats) == len(pooling) == 5:
            raise ValueError(f"widths={list(widths)}, repeats={list(repeats)}, pooling={list(pooling)}: five each")
        if not set(pooling) <= {1, 2}:
            raise ValueError(f"pooling={list(pooling)} must be strides of 1 or 2")
        if bins not in (310, BIN_COUNT):
            raise ValueError(f"bins={bins} is unknown: choose 310 or {BIN_COUNT}")
        if not temperature > 0:
            raise ValueError(f"temperature={temperature} must be above 0")
        self.config = {
            "encoder": encoder,
            "widths": list(widths),
            "repeats": list(repeats),
            "pooling": list(pooling),
            "memory": memory,
            "bins": bins,
            "temperature": temperature,
        }
        self.stride = prod(pooling)
        self.state_planes = (StatePlane(memory, self.stride),) * 2 if memory else ()
        self.encoder = _build_encoder(encoder, encoder_weights, (widths, repeats, pooling))
        self.classify = nn.Conv2d(widths[-1] if encoder == "blocks" else InceptionResNetV2.width, bins, 1)
        self.memory = ConvLSTM(3, memory) if memory else None
        self.recall = nn.Conv2d(memory, bins, 1, bias=False) if memory else None
        self.register_buffer("output_of_bin", _share_outputs(BIN_COUNT - bins))
        sharers = (self.output_of_bin[:, None] == self.output_of_bin).sum(1)
        self.register_buffer("log_sharers", sharers.log()[:, None, None])

    def forward(
        self, lightness: Tensor, hints: Tensor | None = None, state: State | None = None
    ) -> tuple[ColorOutput, State | None]:
        """Colour a clip; shapes and ranges are those of `VideoColorizer`. The state: hidden and cell of the LSTM."""
        check_clip(lightness, hints, self.stride)
        if self.memory is not None:
            state = state or fresh_state(self, len(lightness), *lightness.shape[-2:], like=lightness)
        grey = (lightness.flatten(0, 1) - 50) / 50
        alone = self.classify(self._features(grey)).unflatten(0, lightness.shape[:2])
        grey = F.avg_pool2d(grey, self.stride).unflatten(0, lightness.shape[:2])
        colours, logits = [], []
        for frame in range(lightness.shape[1]):
            logits.append(self._spread(self._recall(alone[:, frame], state)))
            colours.append(self._decode(logits[-1]))
            state = self._store(grey[:, frame], colours[-1], state)
        return ColorOutput(torch.stack(colours, dim=1), torch.stack(logits, dim=1)), state

    def _features(self, grey: Tensor) -> Tensor:
        if self.config["encoder"] == "blocks":
            return self.encoder(grey)
        height, width = grey.shape[-2:]
        if min(height, width) < _LEAST:
            raise ValueError(f"encoder=inception_resnet_v2 needs {_LEAST} pixels each way, got {height}x{width}")
        deep = self.encoder.features(grey.expand(-1, 3, -1, -1))
        return F.interpolate(deep, (height // self.stride, width // self.stride), mode="bilinear")

    def _recall(self, outputs: Tensor, state: State | None) -> Tensor:
        return outputs if self.recall is None else outputs + self.recall(state[0].to(outputs.dtype))

    def _spread(self, outputs: Tensor) -> Tensor:
        """Give every bin its logit, (B, 313, h, w): bins that share an output share its probability evenly."""
        return outputs[:, self.output_of_bin] - self.log_sharers.to(outputs.dtype)

    def _decode(self, logits: Tensor) -> Tensor:
        return decode_annealed_mean(logits, logits.new_zeros(BIN_COUNT), temperature=self.config["temperature"])

    def _store(self, grey: Tensor, ab: Tensor, state: State | None) -> State | None:
        if self.memory is None:
            return state
        lab = torch.cat([grey, (ab / _AB_SCALE).to(grey.dtype)], dim=1)
        return self.memory(lab[:, None], state)[1]


def _build_encoder(name: str, weights: str | None, blocks: tuple[Sequence[int], ...]) -> nn.Module:
    if name == "inception_resnet_v2":
        inception = InceptionResNetV2(classes=0)
        if weights is not None:
            inception.load_imagenet(read_public(weights, option="encoder_weights"))
        return inception
    if name != "blocks":
        raise ValueError(f"encoder={name} is unknown: choose blocks or inception_resnet_v2")
    if weights is not None:
        raise ValueError("encoder=blocks starts from nothing: leave encoder_weights out")
    widths, repeats, pooling = blocks
    built = map(_block, (1, *widths[:-1]), widths, repeats, pooling)
    return nn.Sequential(OrderedDict(blocks=nn.Sequential(*built)))  # named as the optimiser expects


def _block(inputs: int, outputs: int, repeats: int, pooling: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in (inputs, *[outputs] * (repeats - 1)):
        if width > 1:  # before every convolution but the picture's own
            layers.append(nn.BatchNorm2d(width))
        layers += [nn.Conv2d(width, outputs, 3, padding=1), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.MaxPool2d(2) if pooling == 2 else nn.MaxPool2d(3, 1, 1))


def _share_outputs(dropped: int) -> Tensor:
    """Number the output that each bin reads, (313,) int64, when the rarest bins have none of their own.

    The shipped prior has never seen some bins; of those the farthest from grey are the rarest.
    """
    with torch.device("cpu"):  # also where the network is only drawn up, on the device "meta"
        centres = bin_centres()
        far_first = centres.norm(dim=1).argsort(descending=True, stable=True)
        rare = far_first[load_prior()[far_first].argsort(stable=True)[:dropped]]
        kept = torch.ones(BIN_COUNT, dtype=torch.bool)
        kept[rare] = False
        output = kept.cumsum(0) - 1
        nearest = (centres[rare][:, None] - centres[kept]).square().sum(-1).argmin(1)  # exact, so a tie falls alike
        output[rare] = output[kept][nearest]
    return output
