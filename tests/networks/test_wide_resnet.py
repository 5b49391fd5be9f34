"""Wide ResNet: parameters by hand, equal to one written for torch, options, seeds."""

import keras
import numpy as np
import pytest

from kerasocc.networks import wide_resnet
from kerasocc.networks.conditions import leaf_layers, trivial_solutions
from tests.networks.models import trainable

# WRN-16-4 by hand. A stage of two blocks: its 1x1 projection and its four 3x3 convolutions.
KERNELS = (
    9 * 3 * 16
    + (16 * 64 + 9 * (16 * 64 + 3 * 64 * 64))
    + (64 * 128 + 9 * (64 * 128 + 3 * 128 * 128))
    + (128 * 256 + 9 * (128 * 256 + 3 * 256 * 256))
)
# One BatchNorm before every 3x3 convolution but the first of all, one at the end.
CHANNELS = (16 + 3 * 64) + (64 + 3 * 128) + (128 + 3 * 256) + 256


def kinds(model, kind):
    return [layer for layer in leaf_layers(model) if isinstance(layer, kind)]


def torch_wide_resnet(torch, depth, width, channels):
    """Written from the paper, independently of ours."""
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self, before, after, stride):
            super().__init__()
            self.bn1 = nn.BatchNorm2d(before)
            self.conv1 = nn.Conv2d(before, after, 3, stride, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(after)
            self.conv2 = nn.Conv2d(after, after, 3, 1, padding=1, bias=False)
            self.projection = None
            if before != after:
                self.projection = nn.Conv2d(before, after, 1, stride, bias=False)

        def forward(self, x):
            activated = torch.relu(self.bn1(x))
            residual = self.conv2(torch.relu(self.bn2(self.conv1(activated))))
            return residual + (x if self.projection is None else self.projection(activated))

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(channels, 16, 3, padding=1, bias=False)
            blocks, before = [], 16
            for stage, after in enumerate((16 * width, 32 * width, 64 * width)):
                for number in range((depth - 4) // 6):
                    blocks.append(Block(before, after, 2 if stage and not number else 1))
                    before = after
            self.blocks, self.last = nn.Sequential(*blocks), nn.BatchNorm2d(before)

        def forward(self, x):
            return torch.relu(self.last(self.blocks(self.stem(x)))).mean(dim=(2, 3))

    return Network().eval()


def copy_to_torch(torch, encoder, network):
    """Give torch's network the weights of ours, by the names of the places."""

    def convolution(ours, theirs):
        kernel = np.array(encoder.get_layer(ours).kernel)
        theirs.weight.data = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())

    def norm(ours, theirs):
        layer = encoder.get_layer(ours)
        pairs = dict(weight="gamma", bias="beta")
        pairs |= dict(running_mean="moving_mean", running_var="moving_variance")
        for their_name, our_name in pairs.items():
            getattr(theirs, their_name).data = torch.tensor(np.array(getattr(layer, our_name)))

    convolution("stem_conv", network.stem)
    norm("last_norm", network.last)
    per_stage = len(network.blocks) // 3
    for number, block in enumerate(network.blocks):
        name = f"stage{number // per_stage + 1}_block{number % per_stage + 1}"
        norm(f"{name}_1_norm", block.bn1)
        norm(f"{name}_2_norm", block.bn2)
        convolution(f"{name}_conv1", block.conv1)
        convolution(f"{name}_conv2", block.conv2)
        if block.projection is not None:
            convolution(f"{name}_projection", block.projection)
    return network


# With width 1 the first stage needs no projection; odd sides show the padding.
@pytest.mark.parametrize(
    ("depth", "width", "shape"), [(16, 1, (32, 32, 3)), (10, 2, (15, 18, 1)), (22, 1, (8, 8, 2))]
)
def test_equals_one_written_for_torch(depth, width, shape, random):
    torch = pytest.importorskip("torch")
    encoder = wide_resnet(shape, depth=depth, width=width, use_bias=True, seed=0)
    for weight in encoder.weights:
        if len(weight.shape) == 1:
            weight.assign(random.uniform(0.3, 1.5, weight.shape))
    network = torch_wide_resnet(torch, depth, width, shape[-1])
    assert trainable(encoder) == sum(w.numel() for w in network.parameters())
    copy_to_torch(torch, encoder, network)
    x = random.normal(size=(3, *shape)).astype("float32")
    with torch.no_grad():
        expected = network(torch.from_numpy(x.transpose(0, 3, 1, 2).copy())).numpy()
    assert expected.shape == (3, 64 * width) and expected.std() > 0.1
    np.testing.assert_allclose(encoder.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-4)


def test_parameters_and_conditions():
    without, paper = wide_resnet(), wide_resnet(use_bias=True)
    assert paper.input_shape == (None, 32, 32, 3) and paper.output_shape == (None, 256)
    assert trainable(without) == KERNELS == 2_742_704
    assert trainable(paper) == KERNELS + 2 * CHANNELS
    # What implementations of WRN-16-4 report for CIFAR-10, with its ten classes.
    assert trainable(paper) + 256 * 10 + 10 == 2_748_890
    assert trivial_solutions(without) == []
    assert len(trivial_solutions(paper)) == 13
    assert not any(getattr(layer, "use_bias", False) for layer in leaf_layers(paper))


def test_settings():
    encoder = wide_resnet((12, 8, 1), depth=22, width=3, seed=0)
    assert encoder.output_shape == (None, 192)
    # Six convolutions per stage, its projection, and the first of all.
    assert len(kinds(encoder, keras.layers.Conv2D)) == 3 * (6 + 1) + 1
    norms = kinds(encoder, keras.layers.BatchNormalization)
    assert all((n.epsilon, n.momentum, n.synchronized) == (1e-5, 0.9, True) for n in norms)
    sizes = [encoder.get_layer(f"stage{s}_block3_add").output.shape[1:] for s in (1, 2, 3)]
    assert sizes == [(12, 8, 48), (6, 4, 96), (3, 2, 192)]
    kernel = np.array(encoder.get_layer("stage3_block2_conv1").kernel)
    assert kernel.std() == pytest.approx((2 / (9 * 192)) ** 0.5, rel=0.02), "He's, by fan out"


def test_dropout(random):
    x = random.normal(size=(4, 8, 8, 1)).astype("float32")
    assert not kinds(wide_resnet((8, 8, 1), depth=10, width=1), keras.layers.Dropout)
    encoder = wide_resnet((8, 8, 1), depth=10, width=1, dropout=0.5, seed=0)
    dropouts = kinds(encoder, keras.layers.Dropout)
    assert [layer.rate for layer in dropouts] == [0.5] * 3
    assert len({layer.seed for layer in dropouts}) == 3
    # Between the convolutions of a block, behind the second ReLU.
    assert dropouts[1].input is encoder.get_layer("stage2_block1_2_relu").output
    assert dropouts[1].output is encoder.get_layer("stage2_block1_conv2").input
    assert not np.allclose(encoder(x, training=True), encoder(x, training=True))
    np.testing.assert_array_equal(encoder(x, training=False), encoder(x, training=False))


def test_seeds():
    first, same, other = (wide_resnet((8, 8, 1), depth=10, width=1, seed=s) for s in (3, 3, 4))
    for a, b in zip(first.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    kernels = [w for m in (first, other) for w in m.get_weights() if w.ndim == 4]
    assert len({kernel.ravel()[0] for kernel in kernels}) == len(kernels) == 18


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 18}, r"`depth` must be 6 n \+ 4: 10, 16, 22, 28, ... Received: depth=18"),
        ({"depth": 4}, "`depth` must be .* Received: depth=4"),
        ({"depth": 16.0}, "`depth` must be .* Received: depth=16.0"),
        ({"width": 0}, "`width` must be .* Received: width=0"),
        ({"dropout": 1.0}, r"`dropout` must be in \[0, 1\). Received: dropout=1.0"),
        ({"input_shape": (32, 32)}, r"`input_shape` must be .* Received: input_shape=\(32, 32\)"),
        ({"input_shape": (3, 32, 3)}, "sides of at least 4"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        wide_resnet(**arguments)
