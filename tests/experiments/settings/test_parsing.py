"""Values of settings as they are written on the command line."""

import pytest


@pytest.mark.parametrize(("text", "value"), [("3", 3), ("05", "05"), ("cat", "cat"), ("0", 0)])
def test_a_class_is_a_number_or_a_name(text, value):
    from kerasocc.cli.common import class_name

    assert class_name(text) == value and type(class_name(text)) is type(value)
