"""Samples per second of `DeepSVDD.fit` on arrays against a PyTorch `DataLoader` loop.

    python benchmarks/fit_speed.py

Both train the MNIST LeNet of the Deep SVDD paper on the same random images
(batch 200, Adam, weight decay 5e-7), interleaved in one process each round, two
threads. Without PyTorch only our own figure is printed. Run it on an idle machine.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main() -> None:
    arguments = _arguments()
    import numpy as np

    x = np.random.default_rng(0).random((arguments.samples, 28, 28, 1), dtype="float32")
    contenders = {"kerasocc": _ours(x, arguments)}
    try:
        contenders["torch"] = _torch(x, arguments)
    except ImportError:
        print("PyTorch is not installed: only our own figure.")
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for round_number in range(arguments.rounds + 1):
        for name, train in contenders.items():
            start = time.perf_counter()
            train(arguments.epochs)
            seconds = time.perf_counter() - start
            if round_number:  # the first round compiles
                rates[name].append(arguments.samples * arguments.epochs / seconds)
    for name, values in rates.items():
        print(
            f"{name:9} {statistics.median(values):8.0f} samples/s "
            f"(min {min(values):.0f}, max {max(values):.0f}, {len(values)} rounds)"
        )
    if "torch" in rates:
        ratios = [a / b for a, b in zip(rates["kerasocc"], rates["torch"], strict=True)]
        spread = f"(min {min(ratios):.2f}, max {max(ratios):.2f})"
        print(f"ratio     {statistics.median(ratios):8.2f} {spread}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=6000, help="training images")
    parser.add_argument("--epochs", type=int, default=2, help="epochs per round")
    parser.add_argument("--rounds", type=int, default=7, help="counted rounds")
    parser.add_argument("--threads", type=int, default=2, help="threads of each framework")
    return parser.parse_args()


def _ours(x, arguments):
    import keras
    import tensorflow as tf

    import kerasocc as kocc

    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    model = kocc.DeepSVDD(kocc.networks.lenet("mnist", seed=0), seed=0, weight_decay=5e-7)
    model.compile(optimizer=keras.optimizers.Adam(1e-4))
    return lambda epochs: model.fit(x, epochs=epochs, batch_size=200, verbose=0)


def _torch(x, arguments):
    import torch
    from deep_svdd_torch import Encoder
    from torch.utils.data import DataLoader, TensorDataset

    torch.set_num_threads(arguments.threads)

    data = TensorDataset(torch.from_numpy(x.transpose(0, 3, 1, 2).copy()))
    loader = DataLoader(data, batch_size=200, shuffle=True)
    model = Encoder()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, weight_decay=5e-7)
    with torch.no_grad():
        center = torch.cat([model(images) for (images,) in loader]).mean(0)

    def train(epochs):
        model.train()
        for _ in range(epochs):
            for (images,) in loader:
                optimizer.zero_grad()
                loss = ((model(images) - center) ** 2).sum(1).mean()
                loss.backward()
                optimizer.step()
                loss.item()

    return train


if __name__ == "__main__":
    main()
