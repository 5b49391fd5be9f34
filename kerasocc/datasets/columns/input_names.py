"""Names of the inputs of exported models, one for each column of a table."""

from __future__ import annotations

import re
from collections.abc import Iterable


def input_names(columns: Iterable[str]) -> dict[str, str]:
    """Return names that signatures can have, all different, by the names of columns."""
    found: dict[str, str] = {}
    for column in columns:
        plain = re.sub(r"[^0-9A-Za-z_]", "_", column)
        plain = plain if re.match(r"[A-Za-z]", plain) else f"column_{plain}"
        name, number = plain, 1
        while name.lower() in {taken.lower() for taken in found.values()}:
            number += 1
            name = f"{plain}_{number}"
        found[column] = name
    return found
