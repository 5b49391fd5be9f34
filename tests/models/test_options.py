"""Constructor arguments that are declared once, and the signatures that people see."""

import inspect
from typing import TYPE_CHECKING, Any, Unpack

import pytest

import kerasocc as kocc
from kerasocc.models.options import ModelOptions

if TYPE_CHECKING:
    from somewhere import Unknown

COMMON = ["preprocessing", "augmentation", "weight_decay", "seed", "feature_names", "name"]


def names(model):
    return list(inspect.signature(model).parameters)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (kocc.DeepSVDD, ["encoder", "objective", "nu", "regularizer", *COMMON]),
        (kocc.DeepSAD, ["encoder", "eta", "eps", "regularizer", *COMMON]),
        (kocc.Autoencoder, ["encoder", "decoder", *COMMON]),
        (
            kocc.RobustAutoencoder,
            ["encoder", "decoder", "lam", "mu", "norm", "groups", "encode"]
            + ["preprocessing", "augmentation", "seed", "feature_names", "name"],
        ),
        (kocc.OneClassModel, ["encoder", *COMMON]),
    ],
)
def test_signatures_spell_the_options_out(model, expected):
    assert sorted(names(model)) == sorted(expected)
    parameters = inspect.signature(model).parameters
    assert parameters["seed"].default is None
    assert all(parameters[name].kind is inspect.Parameter.KEYWORD_ONLY for name in expected[2:])


def test_an_unknown_option_is_refused():
    with pytest.raises(TypeError, match="unexpected keyword argument 'sead'"):
        kocc.DeepSVDD(kocc.networks.mlp([2, 2]), sead=1)


def test_subclasses_declare_their_options_as_they_like():
    class Declared(kocc.OneClassModel):
        def __init__(self, encoder, *, margin=1.0, **options: Unpack[ModelOptions]):
            super().__init__(encoder, **options)

    class Anything(kocc.OneClassModel):
        def __init__(self, encoder, **options: Any):
            super().__init__(encoder, **options)

    class Bare(kocc.DeepSVDD):
        def __init__(self, encoder, *, margin=1.0, **kwargs):
            super().__init__(encoder, **kwargs)

    class Unresolved(kocc.OneClassModel):
        def __init__(self, encoder: "Unknown", **options: Any):
            super().__init__(encoder, **options)

    assert names(Declared) == ["encoder", "margin", *COMMON]
    assert names(Anything) == ["encoder", "options"]
    assert names(Bare) == ["encoder", "margin", "kwargs"]
    assert names(Unresolved) == ["encoder", "options"]
