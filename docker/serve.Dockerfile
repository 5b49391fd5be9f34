# A server of exported scorers: MLServer with the runtime of this package, without TensorFlow.
# For TensorFlow Serving no image of ours is needed: see docs/serving.md.
#
#   docker build -f docker/serve.Dockerfile -t kerasocc-serve .
#   docker run --rm -p 8080:8080 -p 8081:8081 -v "$PWD/models:/models:ro" kerasocc-serve
#
# `models` holds a folder per model with `model.onnx` and `model-settings.json`.
FROM python:3.11-slim

ENV PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /package
COPY .ci/environments/mlserver.txt ./
RUN python -m pip install --no-cache-dir -r mlserver.txt
COPY setup.py pyproject.toml requirements.txt README.md ./
COPY kerasocc kerasocc
RUN python -m pip install --no-cache-dir --no-deps . \
    && useradd --create-home --uid 1000 server

USER 1000
WORKDIR /models
# REST, gRPC and metrics.
EXPOSE 8080 8081 8082
HEALTHCHECK --interval=30s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://localhost:8080/v2/health/ready')"]
CMD ["mlserver", "start", "/models"]
