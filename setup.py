"""Packaging of kerasocc."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent


def requirements() -> list[str]:
    """The lines of requirements.txt without their comments."""
    lines = (HERE / "requirements.txt").read_text(encoding="utf-8").splitlines()
    stripped = (line.split("#")[0].strip() for line in lines)
    return [line for line in stripped if line]


def version() -> str:
    """The version that the package states, read without importing it."""
    source = (HERE / "kerasocc" / "__init__.py").read_text(encoding="utf-8")
    return re.search(r'^__version__ = "(.+)"$', source, re.MULTILINE).group(1)


ONNX = [
    "tf2onnx>=1.17,<2",  # the release that is tested with NumPy 2 and protobuf 7
    "onnx>=1.23,<2",  # the release that is tested
]
QUANTIZE = [
    *ONNX,
    "onnxruntime>=1.23,<2",  # rounds ONNX files and computes them; the releases that know onnx 1.23
]
EXCEL = [
    "openpyxl>=3.1,<4",  # reads .xlsx; the release that is tested
]
TENSORBOARD = [
    "tensorboard>=2.21,<2.22",  # as TensorFlow, which does not require it any more
]
RAY = [
    "ray[data]>=2.60,<3",  # the release that is tested, which resolves with TensorFlow 2.21
]
TUNER = [
    "keras-tuner>=1.4.8,<2",  # searches over networks; the release that is tested
]
PYOD = [
    "pyod>=3.6,<4",  # what `PyODAdapter` is for and compared with; the release that is tested
    "combo>=0.1.3,<1",  # PyOD's combinations of scores
    "pythresh>=1.1,<2",  # thresholds for PyOD
]
TEST = [
    *QUANTIZE,
    *EXCEL,
    *TENSORBOARD,
    *TUNER,
    "tensorflow-serving-api>=2.21,<2.22",  # TensorFlow Serving's messages, as its release
    "pytest>=8,<10",
    "pytest-xdist>=3.6,<4",  # two workers: one after the other the tests take 15 minutes
    "hypothesis>=6.100,<7",  # generates hostile input
    "ruff>=0.15,<1",
    "mypy>=1.15,<3",  # reads the public names as a user's type checker does
    "jax>=0.6,<1",  # the second backend that the tests train on
    "nbclient>=0.10,<1",  # executes the notebooks
    "ipykernel>=6,<8",
]

setup(
    name="kerasocc",
    version=version(),
    description="Deep one-class anomaly detection for Keras",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    packages=find_packages(include=["kerasocc", "kerasocc.*"]),
    package_data={"kerasocc": ["py.typed", "*.pyi"]},
    python_requires=">=3.11",  # Keras 3.15 needs it
    install_requires=requirements(),
    extras_require={
        "excel": EXCEL,
        "onnx": ONNX,
        "pyod": PYOD,
        "quantize": QUANTIZE,
        "ray": RAY,
        "tensorboard": TENSORBOARD,
        "test": TEST,
        "tuner": TUNER,
    },
    entry_points={"console_scripts": ["kerasocc = kerasocc.cli:main"]},
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
)
