"""Checks of the settings of a run: each alone, and all together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kerasocc.experiments.methods import Method
from kerasocc.experiments.settings.setting import (
    Rule,
    check_alone,
    check_rule,
    definition_of,
    only_if,
    require,
)


def check(config: Any) -> None:
    """Raise `ValueError` for a setting that is out of range, ignored, or lacks another.

    Args:
        config: A `TrainConfig`.
    """
    fields = config.schema.fields
    for name, field in fields.items():
        check_alone(field, getattr(config, name))
    for name, owners in config.schema.owners.items():
        check_rule(fields[name], _used_by(owners), config)
    for name, rule in rules_of(config.definition):
        check_rule(fields[name], rule, config)
    for field in fields.values():
        for rule in definition_of(field).rules:
            check_rule(field, rule, config)


def check_left_out(config: Any, usual: Any, names: list[str]) -> None:
    """Raise `ValueError` for a setting that the method decides about itself.

    Args:
        config: A `TrainConfig`.
        usual: The same without what was chosen of these settings. A file of settings holds
            them all: equal ones are no choice.
        names: Settings that were chosen.
    """
    for name in names:
        value = getattr(config, name)
        if value != getattr(usual, name):
            raise ValueError(
                f"`{name}` must be left out: the method {config.method!r} decides about it. Name "
                f"another `method`. Received: {name}={value!r}"
            )


def _used_by(owners: tuple[str, ...]) -> Rule:
    names = " or ".join(map(repr, owners))
    return only_if(lambda config: config.method in owners, f"is of the method {names}")


def rules_of(method: Method) -> Iterator[tuple[str, Rule]]:
    """The rules of a method for the settings that all methods share."""
    if not method.pretrained:
        reason = "trains the autoencoder" if method.needs_decoder else "is not pretrained"
        yield (
            "pretrain_epochs",
            require(
                lambda config: not config.pretrain_epochs,
                f"must be 0: the method {method.name!r} {reason}",
            ),
        )
    if method.needs_decoder:
        for name in ("network", "encoder"):
            yield name, _left_out(f"the method {method.name!r} needs a decoder")
    if method.encoder is not None:
        reason = f"must be left out: the method {method.name!r} has an encoder of its own"
        rule = only_if(lambda config: not method.has_own_encoder(config), reason)
        for name in ("network", "code", "encoder", "use_bias", "batch_norm"):
            yield name, rule
    yield from method.rules.items()


def _left_out(reason: str) -> Rule:
    return only_if(lambda config: False, f"must be left out: {reason}")
