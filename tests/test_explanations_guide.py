"""The code of the guide on explanations runs, and does what it says."""

import re
from pathlib import Path

import kerasocc as kocc
from kerasocc.engine.explaining import GENERAL

GUIDE = Path(__file__).parents[1] / "docs" / "explanations.md"


def test_the_code_runs(capsys):
    text = GUIDE.read_text(encoding="utf-8")
    names: dict = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(compile(block, str(GUIDE), "exec"), names)
    assert capsys.readouterr().out == "(8, 8, 8, 1)\n"
    assert isinstance(names["model"], kocc.FCDD)
    assert names["heat_maps"].shape == (8, 8, 8, 1) and names["heat_maps"].std() > 0
    assert len(names["figure"].axes) == 16


def test_it_names_every_method_and_model():
    text = GUIDE.read_text(encoding="utf-8")
    models = (kocc.FCDD, kocc.Autoencoder, kocc.DeepSVDD)
    methods = {name for model in models for name in _methods(model)}
    assert methods == set(re.findall(r'^\| `"([\w-]+)"` \|', text, re.MULTILINE))
    users = [m for m in _public_models() if m.uses_outliers]
    assert len(users) == 4
    assert all(f"`{model.__name__}`" in text for model in users)


def _methods(model):
    own = [] if model.own_explanation is None else [model.own_explanation]
    return {*own, *GENERAL}


def _public_models():
    found = (getattr(kocc, name) for name in kocc.__all__ if not name.startswith("_"))
    return [m for m in found if isinstance(m, type) and issubclass(m, kocc.OneClassModel)]
