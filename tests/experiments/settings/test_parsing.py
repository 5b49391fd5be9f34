"""Values of settings as they are written on the command line."""

import argparse

import pytest

from kerasocc.experiments.settings import parsing


@pytest.mark.parametrize(("text", "value"), [("3", 3), ("05", "05"), ("cat", "cat"), ("0", 0)])
def test_a_class_is_a_number_or_a_name(text, value):
    found = parsing.class_name(text)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("2", 2), ("2,", (2,)), ("cat", ("cat",)), ("1, dog,05", (1, "dog", "05"))],
)
def test_classes_are_listed_or_counted(text, value):
    assert parsing.class_names(text) == value


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (parsing.integers, "40, 50", (40, 50)),
        (parsing.integers, ",", ()),
        (parsing.image_size, "64", 64),
        (parsing.image_size, "48X64", (48, 64)),
        (parsing.ratio, "auto", "auto"),
        (parsing.ratio, "0.1", 0.1),
    ],
)
def test_other_values(parse, text, value):
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "text", "message"),
    [
        (parsing.integers, "4,x", "must be whole numbers such as 40,50, not '4,x'"),
        (parsing.image_size, "1x2x3", "must be such as 64 or 48x64, not '1x2x3'"),
        (parsing.ratio, "much", "must be a fraction such as 0.1, or auto, not 'much'"),
    ],
)
def test_what_is_no_such_value(parse, text, message):
    with pytest.raises(argparse.ArgumentTypeError) as error:
        parse(text)
    assert str(error.value) == message
