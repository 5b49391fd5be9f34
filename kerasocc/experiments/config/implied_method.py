"""The method of a run whose settings do not name one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerasocc.experiments.config.protocols import fixed_by
from kerasocc.experiments.config.schema import DEFAULT_METHOD, Schema
from kerasocc.experiments.settings.data import absolute

AUTO = "auto"


def implied_method(chosen: Mapping[str, Any], schema: Schema) -> str:
    """The method that the chosen settings are of.

    Args:
        chosen: Settings by name, no `method` among them.
        schema: All settings and methods.

    Returns:
        The method of the published experiment if one is chosen; the first method that has all
        chosen settings of single methods; the default one where the training or the network is
        chosen; else the automatic choice, which decides about these itself.
    """
    if chosen.get("protocol") is not None:
        return _of_protocol(chosen)
    owned = [schema.owners[name] for name in chosen if name in schema.owners]
    if owned:
        common = [method for method in schema.methods if all(method in o for o in owned)]
        return common[0] if common else owned[0][0]
    decides = set(schema.methods[AUTO].chooses) & set(chosen)
    return DEFAULT_METHOD if decides else AUTO


def _of_protocol(chosen: Mapping[str, Any]) -> str:
    dataset = absolute(str(chosen.get("dataset", "digits")))
    return fixed_by(chosen["protocol"], dataset).get("method", DEFAULT_METHOD)
