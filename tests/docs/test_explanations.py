"""The guide on explanations names all methods, and the models that take outliers."""

import re
from pathlib import Path

import kerasocc as kocc
from kerasocc.engine.explaining import GENERAL

GUIDE = Path(__file__).parents[2] / "docs" / "explanations.md"


def test_it_names_every_method_and_model():
    text = GUIDE.read_text(encoding="utf-8")
    models = (kocc.FCDD, kocc.Autoencoder, kocc.DeepSVDD)
    methods = {name for model in models for name in _methods(model)}
    assert methods == set(re.findall(r'^\| `"([\w-]+)"` \|', text, re.MULTILINE))
    users = [m for m in _public_models() if m.uses_outliers]
    assert len(users) == 5
    assert all(f"`{model.__name__}`" in text for model in users)


def _methods(model):
    own = [] if model.own_explanation is None else [model.own_explanation]
    return {*own, *GENERAL}


def _public_models():
    found = (getattr(kocc, name) for name in kocc.__all__ if not name.startswith("_"))
    return [m for m in found if isinstance(m, type) and issubclass(m, kocc.OneClassModel)]
