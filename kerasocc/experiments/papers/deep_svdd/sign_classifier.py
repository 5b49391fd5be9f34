"""A small classifier of traffic signs, for attacks on its decisions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

BATCH_SIZE = 64
LEARNING_RATE = 1e-3


def train_sign_classifier(
    images: np.ndarray, classes: np.ndarray, *, epochs: int, seed: int
) -> Callable[[np.ndarray], np.ndarray]:
    """Train two convolutional and two dense layers on signs of all classes.

    Every class has the same weight, whatever the number of its images.

    Args:
        images: Shape `(samples, height, width, channels)`, uint8.
        classes: Shape `(samples,)`, integers.
        epochs: Number of epochs.
        seed: Of the initial weights and of the order of the images.

    Returns:
        Function from images with pixels in [0, 1], `(n, height, width, channels)`, to their
        classes, `(n,)`.
    """
    import keras
    from keras import layers
    from sklearn.utils.class_weight import compute_sample_weight

    names, targets = np.unique(classes, return_inverse=True)

    def kernel(number: int) -> keras.initializers.Initializer:
        return keras.initializers.HeUniform(seed=100 * seed + number)

    model = keras.Sequential(
        [
            keras.Input(images.shape[1:]),
            layers.Conv2D(16, 5, activation="relu", padding="same", kernel_initializer=kernel(0)),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 5, activation="relu", padding="same", kernel_initializer=kernel(1)),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu", kernel_initializer=kernel(2)),
            layers.Dense(len(names), kernel_initializer=kernel(3)),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(LEARNING_RATE), loss=loss)
    x = images.astype("float32") / 255
    weights = compute_sample_weight("balanced", targets)
    generator = np.random.default_rng([seed, 2])
    for _ in range(epochs):
        # `fit` would draw the order from a generator that all programs share.
        order = generator.permutation(len(x))
        for start in range(0, len(order), BATCH_SIZE):
            batch = order[start : start + BATCH_SIZE]
            model.train_on_batch(x[batch], targets[batch], sample_weight=weights[batch])

    def predict(pixels: np.ndarray) -> np.ndarray:
        logits = model.predict_on_batch(np.asarray(pixels, "float32"))
        return names[np.argmax(logits, axis=-1)]

    return predict
