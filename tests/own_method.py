"""The method of the guide "Write your own method", as its code blocks define it."""

import re
from pathlib import Path

GUIDE = Path(__file__).parents[1] / "docs" / "write_your_own_method.md"


def code_blocks() -> list[str]:
    """The Python code of the guide, in its order."""
    return re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


def definitions() -> dict:
    """What the blocks that define the loss and the model leave behind."""
    names: dict = {"__name__": "tests.own_method"}
    loss, model, *_ = code_blocks()
    exec(compile(loss + model, str(GUIDE), "exec"), names)
    return names


DirectionModel = definitions()["DirectionModel"]
