"""Generators and loaders of batches give what the same samples as an array give."""

import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.engine.as_source import as_source
from kerasocc.engine.iterables import IteratedBatches
from tests.conformance.test_training import weights_of


class Loader:
    """Batches as the `DataLoader` of torch gives them: a list of tensors, anew for every pass."""

    def __init__(self, *columns, batch_size=16, shuffle=False, length=True):
        self.columns, self.batch_size = columns, batch_size
        self.generator = np.random.default_rng(0) if shuffle else None
        self.passes = 0
        if length:
            self.length = -(-len(columns[0]) // batch_size)

    def __len__(self):
        return self.length

    def __iter__(self):
        self.passes += 1
        rows = np.arange(len(self.columns[0]))
        if self.generator is not None:
            self.generator.shuffle(rows)
        for start in range(0, len(rows), self.batch_size):
            part = rows[start : start + self.batch_size]
            batch = [column[part] for column in self.columns]
            yield batch if len(batch) > 1 else batch[0]


@pytest.fixture
def x(random):
    return random.normal(size=(56, 6)).astype("float32")


def svdd():
    model = kocc.DeepSVDD(kocc.networks.mlp([6, 8, 4], seed=0), seed=0)
    model.compile(optimizer=keras.optimizers.Adam(1e-2), run_eagerly=True)
    return model


def batches(*columns, size=16):
    yield from Loader(*columns, batch_size=size)


def assert_same(first, second, x):
    first_weights, second_weights = (weights_of(model) for model in (first, second))
    for weight, other in zip(first_weights.values(), second_weights.values(), strict=True):
        np.testing.assert_allclose(weight, other, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(first.score(x), second.score(x), rtol=1e-5)


def test_a_generator_is_the_array(x):
    weight = np.linspace(0.5, 1.5, len(x))
    model, other = svdd(), svdd()
    model.fit(batches(x, np.zeros(len(x)), weight), epochs=3, verbose=0)
    # Of the size that the generator's batches have.
    other.fit(x, np.zeros(len(x)), sample_weight=weight, batch_size=16, epochs=3, verbose=0)
    assert_same(model, other, x)


def test_a_generator_without_end(x):
    def endless():
        while True:
            yield from batches(x[:48])

    model = svdd()
    generator = endless()
    history = model.fit(generator, steps_per_epoch=2, epochs=3, verbose=0).history
    assert len(history["loss"]) == 3 and int(model.optimizer.iterations.numpy()) == 6
    # Six batches have been read, and not one more.
    np.testing.assert_array_equal(next(generator), x[:16])
    assert model.score(endless(), steps=3).shape == (48,)
    assert model.embed(endless(), steps=1).shape == (16, 4)
    assert set(model.evaluate(endless(), steps=1, return_dict=True)) == {"loss"}


def test_generators_are_scored(x):
    model = svdd()
    model.fit(x, epochs=1, verbose=0)
    y = np.arange(len(x)) % 2
    for method in (model.score, model.predict, model.embed):
        np.testing.assert_allclose(method(batches(x)), method(x), rtol=1e-5, atol=1e-6)
    expected = model.evaluate(x, y, return_dict=True)
    assert model.evaluate(batches(x, y), return_dict=True) == pytest.approx(expected, rel=1e-5)
    history = svdd().fit(x, epochs=1, verbose=0, validation_data=batches(x, y)).history
    assert "val_auc" in history


def test_a_loader_is_the_array_in_its_order(x):
    y, weight = np.zeros(len(x)), np.linspace(0.5, 1.5, len(x))
    model, other = svdd(), svdd()
    loader = Loader(x, y, weight)
    model.fit(loader, epochs=3, verbose=0)
    assert loader.passes >= 4
    other.fit(x, y, sample_weight=weight, batch_size=16, epochs=3, shuffle=False, verbose=0)
    assert_same(model, other, x)
    np.testing.assert_allclose(model.score(Loader(x)), model.score(x), rtol=1e-5)


def test_a_loader_that_shuffles(x):
    model = svdd()
    model.fit(Loader(x, shuffle=True), epochs=3, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 12
    with pytest.raises(ValueError, match="same samples in the same order"):
        callbacks = [kocc.callbacks.LatentLabels(contamination=0.1, refresh="epoch")]
        svdd().fit(Loader(x, shuffle=True), epochs=2, verbose=0, callbacks=callbacks)


def test_labels_of_a_loader(x):
    y = np.zeros(len(x))
    y[:3] = -1
    with pytest.raises(ValueError, match="labelled anomalies"):
        svdd().fit(Loader(x, y), verbose=0)
    model = kocc.DeepSAD(kocc.networks.mlp([6, 8, 4], seed=0), seed=0)
    model.compile(run_eagerly=True)
    model.fit(Loader(x, y), epochs=1, verbose=0)
    assert np.isfinite(model.score(x)).all()


def test_a_data_loader_of_torch(x):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    data = torch.utils.data.TensorDataset(torch.from_numpy(x))
    model = svdd()
    model.fit(torch.utils.data.DataLoader(data, batch_size=16), epochs=2, verbose=0)
    other = svdd()
    other.fit(x, batch_size=16, epochs=2, shuffle=False, verbose=0)
    assert_same(model, other, x)


def test_a_loader_without_length(x):
    with pytest.raises(ValueError, match="endless dataset needs `steps_per_epoch`"):
        svdd().fit((b for b in ()) and Iterable(x), verbose=0)
    svdd().fit(Iterable(x), steps_per_epoch=2, epochs=2, verbose=0)


class Iterable:
    def __init__(self, x):
        self.x = x

    def __iter__(self):
        return batches(self.x)


BAD = {
    "NaN": (lambda x: [np.where(x > 2, np.nan, x)], "NaN or infinity in .* of batch 0"),
    "text": (lambda x: [x, x.astype(str)], "must hold numbers"),
    "dict": (lambda x: [{"x": x}], "whose first element is of type dict|first\n? *element"),
    "shapes": (lambda x: [x, x[:, 1:]], "one shape. Received"),
    "some labels": (lambda x: [(x, np.zeros(len(x))), x], "must have `y`, or none"),
    "no rows": (lambda x: [x[:0]], "hold samples. Received: shape .0, 6. in batch 0"),
    "nothing": (lambda x: [], "at least one sample"),
}


@pytest.mark.parametrize("make, message", BAD.values(), ids=BAD)
def test_bad_generators(make, message, x):
    for method in ("fit", "score"):
        with pytest.raises(ValueError, match=message):
            getattr(svdd(), method)(iter(make(x)))


def test_a_loader_with_fewer_batches_than_it_says(x):
    loader = Loader(x)
    loader.length = 9
    with pytest.raises(ValueError, match="as many batches as `len` says. Received: 4 batches"):
        svdd().fit(loader, verbose=0)


def test_batches_in_their_order(x):
    loader = Loader(x)
    dataset = IteratedBatches(loader)
    assert dataset.num_batches == 4
    for _ in range(2):
        for number in range(4):
            np.testing.assert_array_equal(dataset[number], x[16 * number : 16 * number + 16])
    assert loader.passes == 2
    np.testing.assert_array_equal(dataset[2], x[32:48])
    assert as_source(loader).num_samples is None
