"""What Keras and TensorFlow do not document: every assumption of `engine/keras_contract.py` alone.

To see whether a release keeps them, run this file in an environment that has it:
`python -m pip install -U keras && python -m pytest -n 0 tests/test_keras_contract.py`.
"""

import keras
import numpy as np
import pytest

import kerasocc as kocc
from kerasocc.engine import direct_calls, graphs, keras_layers
from kerasocc.engine import keras_contract as contract

tensorflow_only = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="an assumption about TensorFlow"
)
X = np.linspace(-1, 1, 24, dtype="float32").reshape(12, 2)


def plain_model(**options):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(0.0), loss="mse", **options)
    return model


class Counting(keras.callbacks.Callback):
    """The batch numbers that the hooks get."""

    def on_train_begin(self, logs=None):
        self.begun, self.ended = [], []

    def on_train_batch_begin(self, batch, logs=None):
        self.begun.append(batch)

    def on_train_batch_end(self, batch, logs=None):
        self.ended.append(batch)


# Keras: the training function.


def test_keras_caches_its_training_function():
    model = plain_model()
    model.fit(X, np.zeros(12), batch_size=4, verbose=0)
    function = model.train_function
    assert function is not None
    model.fit(X, np.zeros(12), batch_size=4, verbose=0)
    assert model.train_function is function
    contract.invalidate_train_function(model)
    model.fit(X, np.zeros(12), batch_size=4, verbose=0)
    assert model.train_function not in (None, function)


def test_a_replaced_function_runs_once_per_execution():
    class Replaced(keras.Sequential):
        def make_train_function(self, force=False):
            contract.replace_train_function(self, self.run_steps)
            return self.train_function

        def run_steps(self, *state):
            calls.append(len(state))
            return ({"own": 7.0}, *state) if state else {"own": 7.0}

    calls, counter = [], Counting()
    model = Replaced([keras.Input((2,)), keras.layers.Dense(1)])
    # Without a loss or metrics of Keras's there is nothing to build from a batch.
    model.compile("sgd", steps_per_execution=2)
    options = dict(epochs=2, shuffle=False, verbose=0, callbacks=[counter])
    history = model.fit(contract.step_counter(5), **options)
    # JAX's trainer passes the state, the others nothing but the iterator.
    passed = 1 if keras.backend.backend() == "jax" else 0
    assert calls == [passed] * 6
    assert history.history["own"] == [7.0, 7.0]
    assert counter.begun == [0, 2, 4] * 2


def test_steps_per_execution_changes_after_compile():
    model, counter = plain_model(), Counting()
    model.fit(X, np.zeros(12), batch_size=4, verbose=0, callbacks=[counter])
    assert counter.begun == [0, 1, 2]
    contract.set_steps_per_execution(model, 3)
    assert model.steps_per_execution == 3
    model.fit(X, np.zeros(12), batch_size=4, verbose=0, callbacks=[counter])
    assert counter.begun == [0]
    function = model.train_function
    contract.set_steps_per_execution(model, 3)
    assert model.train_function is function


def test_a_step_counter_has_as_many_batches():
    counter = contract.step_counter(7)
    count = int(counter.cardinality()) if hasattr(counter, "cardinality") else counter.num_batches
    assert count == 7


# Keras: strategies, saved files, callbacks.


def test_a_model_without_a_strategy():
    model = plain_model()
    assert contract.num_replicas(model) == 1
    assert not contract.has_strategy(model)
    with contract.variable_scope(model):
        assert keras.Variable(1.0).shape == ()


@tensorflow_only
def test_a_model_knows_the_strategy_it_was_created_under(two_replicas):
    import tensorflow as tf

    with two_replicas.scope():
        model = plain_model()
    assert contract.num_replicas(model) == 2
    assert contract.has_strategy(model)
    with contract.variable_scope(model):
        assert tf.distribute.get_strategy() is two_replicas
    with tf.distribute.OneDeviceStrategy("CPU:0").scope():
        model = plain_model()
    assert contract.num_replicas(model) == 1
    assert contract.has_strategy(model)


def test_a_compile_config_holds_the_options_that_are_restored():
    config = plain_model().get_compile_config()
    known = contract.known_compile_options(config, ["optimizer", "jit_compile"])
    assert set(known) == {"optimizer", "jit_compile"}
    assert known["optimizer"] == config["optimizer"]


def test_an_option_of_a_later_keras_does_not_make_a_file_unloadable():
    model = kocc.DeepSVDD(kocc.networks.mlp([2, 2], seed=0), seed=0)
    model.compile("sgd", steps_per_execution=3)
    config = model.get_compile_config() | {"option_of_a_later_keras": True}
    model.compile("adam")
    model.compile_from_config(config)
    assert isinstance(model.optimizer, keras.optimizers.SGD)
    assert model.steps_per_execution == 3


def test_keras_writes_weights_to_memory():
    model, other = plain_model(), plain_model()
    memory = contract.weights_file_in_memory()
    model.save_weights(memory)
    assert memory.getvalue().startswith(b"\x89HDF")
    other.load_weights(memory)
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])


def test_own_variables_are_stored_in_their_order():
    class Owner(keras.layers.Layer):
        def build(self, input_shape):
            self.state = self.add_weight(shape=(), trainable=False, name="state")
            self.kernel = self.add_weight(shape=(2, 1), name="kernel")
            self.inner = keras.layers.Dense(1)
            self.inner.build(input_shape)

    layer, store = Owner(), {}
    layer.build((None, 2))
    own = contract.own_variables(layer)
    assert [v.name for v in own] == ["kernel", "state"]
    layer.save_own_variables(store)
    assert sorted(store) == ["0", "1"]
    for position, variable in enumerate(own):
        np.testing.assert_array_equal(np.array(store[str(position)]), np.array(variable))


def test_a_built_layer_can_be_given_another_weight():
    layer = keras.layers.Dense(1, use_bias=False)
    layer.build((None, 2))
    with pytest.raises(ValueError, match="already built"):
        layer.add_weight(shape=(3,), name="late")
    with contract.new_weights_allowed(layer):
        late = layer.add_weight(shape=(3,), name="late")
    assert [w.name for w in layer.weights] == ["kernel", "late"]
    contract.remove_weight(layer, late)
    assert [w.name for w in layer.weights] == ["kernel"]
    with pytest.raises(ValueError, match="already built"):
        layer.add_weight(shape=(3,), name="late")


def test_the_weight_of_an_attribute_is_deleted_without_collecting_garbage(monkeypatch):
    layer = keras.layers.Layer()
    layer.late = layer.add_weight(shape=(3,), name="late")
    layer.build(None)
    monkeypatch.setattr("gc.collect", lambda *args: pytest.fail("collects garbage"))
    contract.delete_weight(layer, "late")
    assert layer.weights == [] and not hasattr(layer, "late")
    assert "late" not in layer._trackable_children()
    with pytest.raises(ValueError, match="already built"):
        layer.add_weight(shape=(3,), name="late")


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda folder: keras.callbacks.EarlyStopping(monitor="loss"), False),
        (lambda folder: keras.callbacks.LearningRateScheduler(lambda epoch: 1.0), False),
        (lambda folder: keras.callbacks.BackupAndRestore(folder / "backup"), False),
        (lambda folder: keras.callbacks.BackupAndRestore(folder / "backup", save_freq=3), True),
        (lambda folder: keras.callbacks.ModelCheckpoint(folder / "a.keras"), False),
        (lambda folder: keras.callbacks.ModelCheckpoint(folder / "a.keras", save_freq=3), True),
        (lambda folder: keras.callbacks.LambdaCallback(on_epoch_end=print), False),
        (lambda folder: keras.callbacks.LambdaCallback(on_train_batch_end=print), True),
        (lambda folder: Counting(), True),
    ],
)
def test_callbacks_that_look_at_batches(make, expected, tmp_path):
    assert contract.looks_at_batches(make(tmp_path)) is expected


def test_a_restored_epoch_is_the_first(tmp_path):
    class Seen(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            epochs.append((epoch, contract.first_epoch(self.model, 2)))
            if len(epochs) == 2:
                raise KeyboardInterrupt

    epochs = []
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    with pytest.raises(KeyboardInterrupt):
        plain_model().fit(X, np.zeros(12), epochs=9, verbose=0, callbacks=[backup, Seen()])
    plain_model().fit(X, np.zeros(12), epochs=2, verbose=0, callbacks=[backup, Seen()])
    assert epochs == [(0, 2), (1, 2), (1, 1)]


# TensorFlow: data, memory, graphs.


@tensorflow_only
def test_datasets_of_tensorflow_are_recognised():
    import tensorflow as tf

    dataset = tf.data.Dataset.from_tensor_slices(X)
    for found in (dataset, dataset.batch(3), dataset.map(lambda x: x).prefetch(1)):
        assert contract.is_tf_dataset(found)
    for other in (X, tf.constant(X), iter(dataset), [dataset]):
        assert not contract.is_tf_dataset(other)


@tensorflow_only
def test_a_tensor_shares_aligned_memory():
    memory = np.zeros(256 + contract.MEMORY_ALIGNMENT, "uint8")
    start = -memory.ctypes.data % contract.MEMORY_ALIGNMENT
    values = memory[start : start + 256].view("float32").reshape(32, 2)
    tensor = contract.share_memory(values)
    values[3, 1] = 5.0
    assert tensor.shape == (32, 2) and tensor.dtype == "float32"
    assert float(tensor[3, 1]) == 5.0


@tensorflow_only
@pytest.mark.parametrize("in_one_thread", [False, True])
def test_a_direct_call_is_that_of_the_function(in_one_thread):
    import tensorflow as tf

    factor = tf.Variable(2.0)

    def repeated(x):
        rounds = tf.shape(x)[0]
        return tf.while_loop(lambda i, _: i < rounds, lambda i, y: (i + 1, factor * y), (0, x))[1]

    # A loop does not run in one thread.
    for function, powers in (
        (lambda x: {"y": (factor * x,)}, (1, 1)),
        (
            lambda x: {"y": (repeated(x),)},
            (2, 3),
        ),
    ):
        signature = [tf.TensorSpec((None, 2), "float32")]
        compiled = tf.function(function, input_signature=signature).get_concrete_function()
        call = direct_calls.direct_call(compiled)
        for rows, value, power in zip((2, 3), (2.0, 3.0), powers, strict=True):
            factor.assign(value)
            (found,) = call(tf.constant(X[:rows]), in_one_thread=in_one_thread)["y"]
            np.testing.assert_allclose(found, value**power * X[:rows], rtol=1e-6)


@tensorflow_only
def test_parts_of_a_graph_can_be_taken():
    import tensorflow as tf

    weight = tf.Variable(3.0)
    wrapped = graphs.wrap_in_graph(
        lambda x: x * tf.square(weight), [tf.TensorSpec((None, 2), "float32")]
    )
    operations = wrapped.graph.get_operations()
    assert [op for op in operations if graphs.reads_variable(op)]
    assert not graphs.assigns_variables(wrapped)
    squares = [op.outputs[0] for op in operations if op.type == "Square"]
    (invariant,) = graphs.prune_graph(wrapped, [], squares)()
    assert float(invariant) == 9.0
    rest = graphs.prune_graph(wrapped, [wrapped.inputs[0], *squares], wrapped.structured_outputs)
    np.testing.assert_allclose(rest(tf.constant(X), tf.constant(2.0)), 2 * X)
    weight.assign(2.0)
    np.testing.assert_allclose(graphs.prune_graph(wrapped, [], squares)(), [4.0])


@tensorflow_only
def test_changes_of_variables_and_random_numbers_are_seen():
    import tensorflow as tf

    variable = tf.Variable(0.0)
    signature = [tf.TensorSpec((None, 2), "float32")]
    assigning = graphs.wrap_in_graph(lambda x: x + variable.assign_add(1.0), signature)
    assert graphs.assigns_variables(assigning)
    random = graphs.wrap_in_graph(lambda x: x + tf.random.uniform((2,)), signature)
    assert not graphs.assigns_variables(random)
    stateful = {op.type for op in random.graph.get_operations() if graphs.is_stateful(op)}
    assert "RandomUniform" in stateful and "AddV2" not in stateful


@tensorflow_only
def test_graphs_of_custom_gradients_are_let_go():
    import tensorflow as tf
    from tensorflow.python.framework.ops import gradient_registry

    @tf.custom_gradient
    def doubled(x):
        return 2 * x, lambda upstream: 3 * upstream

    def in_a_loop(x):
        return tf.while_loop(lambda n, x: n < 2, lambda n, x: (n + 1, doubled(x)), (0, x))[1]

    def custom():
        return {n for n in gradient_registry.list() if n.startswith("CustomGradient")}

    before = custom()
    signature = [tf.TensorSpec((None, 2))]
    inner = tf.function(doubled, input_signature=signature)
    outer = tf.function(lambda x: in_a_loop(inner(doubled(x))), input_signature=signature)
    compiled = outer.get_concrete_function()
    assert len(custom() - before) == 3
    graphs.forget_custom_gradients(compiled.graph)
    # The function that it calls can be differentiated by others.
    assert len(custom() - before) == 1
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = inner(x)
    np.testing.assert_array_equal(tape.gradient(y, x), np.full_like(X, 3))
    np.testing.assert_array_equal(compiled(x), 16 * X)
    graphs.forget_custom_gradients(inner.get_concrete_function().graph)
    assert custom() == before


@tensorflow_only
def test_batch_normalization_in_one_kernel():
    x = np.random.default_rng(0).normal(size=(5, 3, 2, 4)).astype("float32")
    scale, offset = np.float32([1, 2, 3, 4]), np.float32([0, 1, 0, -1])
    outputs, mean, variance = contract.fused_batch_norm(x, scale, offset, 1e-3)
    flat = x.reshape(-1, 4)
    np.testing.assert_allclose(mean, flat.mean(0), atol=1e-6)
    np.testing.assert_allclose(variance, flat.var(0, ddof=1), rtol=1e-5)
    expected = (x - flat.mean(0)) / np.sqrt(flat.var(0) + 1e-3) * scale + offset
    np.testing.assert_allclose(outputs, expected, atol=1e-5)


# Layers.


class Hidden(keras.layers.Layer):
    """A layer that makes its parts in its constructor and tells no shape."""

    def __init__(self):
        super().__init__()
        self.part = keras.layers.Dense(3)

    def call(self, x):
        return self.part(x)


def test_a_layer_is_built_by_a_call_where_it_has_to_be():
    layer = Hidden()
    keras_layers.build_layer(layer, (None, 2))
    assert layer.built and layer.part.built
    assert keras_layers.output_shape_of(layer, (None, 2)) == (None, 3)
    assert keras_layers.output_shape_of(layer.part, (None, 2)) == (None, 3)
    assert keras_layers.all_layers(layer) == [layer, layer.part]


def test_a_functional_model_counts_the_calls_of_its_layers():
    layer, inputs = keras.layers.Dense(3), keras.Input((2,))
    layer(inputs)
    keras_layers.forget_calls(layer)
    config = keras.Model(inputs, layer(inputs)).get_config()
    ((name, node, _),) = [config["output_layers"]]
    assert (name, node) == (layer.name, 0)


def test_objects_of_a_model_change_with_its_layers():
    model = plain_model()
    (layer,) = model.layers

    def objects():
        return [id(value) for value in keras_layers.objects_of(model, ("stop_training",))]

    before = objects()
    layer.kernel.assign(np.ones((2, 1)))
    model.stop_training = True
    assert objects() == before
    layer.activation = keras.activations.relu
    changed = objects()
    assert changed != before
    layer.kernel.trainable = False
    assert objects() != changed


def test_an_optimizer_knows_its_weights():
    model = plain_model()
    model.optimizer.build(model.trainable_variables)
    assert contract.optimized_weights(model.optimizer) == model.trainable_variables


def test_a_new_step_is_compiled_anew():
    traced = []

    class Traced(keras.Sequential):
        def test_step(self, *arguments):
            traced.append(1)
            return super().test_step(*arguments)

        def make_test_function(self, force=False):
            with contract.new_step(self, "test_step"):
                return super().make_test_function(force)

    model = Traced([keras.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(loss="mse", jit_compile=keras.backend.backend() == "jax")
    model.test_on_batch(X, np.zeros((12, 1)))
    model.test_on_batch(X, np.zeros((12, 1)))
    once = len(traced)
    model.make_test_function(force=True)
    model.test_on_batch(X, np.zeros((12, 1)))
    assert len(traced) > once
    assert "test_step" not in vars(model)
