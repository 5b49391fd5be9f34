# Training, scoring and exporting by the command line.
#
#   docker build -f docker/train.Dockerfile -t kerasocc .
#   docker run --rm -v "$PWD:/work" kerasocc train --dataset pumps.csv
#
# With a GPU: --build-arg TENSORFLOW='tensorflow[and-cuda]', and `docker run --gpus all`.
FROM python:3.11-slim

ARG TENSORFLOW=tensorflow
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 TF_CPP_MIN_LOG_LEVEL=3

WORKDIR /package
COPY setup.py pyproject.toml requirements.txt README.md ./
COPY kerasocc kerasocc
# One resolution for both, so that TensorFlow is a release that setup.py allows.
# Files that a run writes to the mounted folder belong to the user 1000: `--user` names another.
# hadolint ignore=DL3013
RUN python -m pip install --no-cache-dir ".[excel,onnx,quantize]" "${TENSORFLOW}" \
    && useradd --create-home --uid 1000 kerasocc

USER 1000
WORKDIR /work
ENTRYPOINT ["kerasocc"]
CMD ["--help"]
