"""all-MiniLM-L6-v2 as an ONNX graph, made from its published weights: neither torch nor a download is needed.

The model is a BERT of six layers of 384, twelve heads; a sentence's vector is the mean over its words, one unit long.
"""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adapters.parts import load_part

DIMENSIONS = 384
LAYERS = 6
HEADS = 12
HEAD_SIZE = DIMENSIONS // HEADS
EPSILON = 1e-12  # layer_norm_eps of the model's config.json
OPSET, IR_VERSION = 20, 9  # the oldest with Gelu: every onnxruntime since 1.17 reads them
RECIPE = 1  # counts changes of this file that change the graph
FARAWAY = -1e9  # added to the scores of padding, whose share of the attention is then 0

Weights = dict[str, NDArray[Any]]
_TYPES = {"F32": "<f4", "I64": "<i8"}


def ensure_graph(weights: Path, cache_folder: Path) -> Path:
    """The graph's file in `cache_folder`, made in 1 s (91 MB) where it is missing.

    Its name says the weights and the recipe, so what is there is never stale. Two processes may make it at once: each
    writes aside and renames, and either graph will do.
    Raises: PartMissing (permanent) where `onnx` is not installed; OSError where the folder cannot be written.
    """
    target = graph_path(weights, cache_folder)
    if not target.exists():
        cache_folder.mkdir(parents=True, exist_ok=True)
        _write_aside(target, build_graph(read_safetensors(weights)))
    return target


def graph_path(weights: Path, cache_folder: Path) -> Path:
    """Where the graph made of these weights by this recipe lies."""
    content = f"{_sha256(weights)}/{RECIPE}/{OPSET}/{IR_VERSION}"
    return cache_folder / f"all-MiniLM-L6-v2-{hashlib.sha256(content.encode()).hexdigest()[:16]}.onnx"


def build_graph(weights: Weights) -> bytes:
    """The model from `input_ids` and `attention_mask` (int64, texts x tokens) to `embedding` (float32 unit vectors)."""
    onnx = load_part("onnx")
    make, types = onnx.helper, onnx.TensorProto
    graph = _Graph(onnx)
    graph.vector(graph.encoded(weights))
    inputs = [make.make_tensor_value_info(n, types.INT64, ["texts", "tokens"]) for n in ("input_ids", "attention_mask")]
    output = make.make_tensor_value_info("embedding", types.FLOAT, ["texts", DIMENSIONS])
    body = make.make_graph(graph.nodes, "all-MiniLM-L6-v2", inputs, [output], graph.constants)
    model = make.make_model(body, opset_imports=[make.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


class _Graph:
    """Collects nodes and constants; each method adds some and returns the name of its result."""

    def __init__(self, onnx: Any) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._node: Callable[..., Any] = onnx.helper.make_node
        self._tensor: Callable[..., Any] = onnx.numpy_helper.from_array
        self._float = onnx.TensorProto.FLOAT

    def constant(self, value: Any) -> str:
        name = f"constant{len(self.constants)}"
        self.constants.append(self._tensor(np.ascontiguousarray(value), name))
        return name

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        name = f"{operator}{len(self.nodes)}"
        self.nodes.append(self._node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def linear(self, x: str, weights: Weights, name: str) -> str:
        product = self.node("MatMul", x, self.constant(weights[f"{name}.weight"].T))
        return self.node("Add", product, self.constant(weights[f"{name}.bias"]))

    def normal(self, x: str, weights: Weights, name: str) -> str:
        scale, bias = self.constant(weights[f"{name}.weight"]), self.constant(weights[f"{name}.bias"])
        return self.node("LayerNormalization", x, scale, bias, axis=-1, epsilon=EPSILON)

    def encoded(self, weights: Weights) -> str:
        """One vector per token."""
        table = self.constant(weights["embeddings.word_embeddings.weight"])
        places = self.constant(weights["embeddings.position_embeddings.weight"])
        zero, one, two = (self.constant(np.array([n])) for n in (0, 1, 2))
        tokens = self.node("Slice", self.node("Shape", "input_ids"), one, two)
        place = self.node("Slice", places, zero, tokens, zero)
        x = self.node("Add", self.node("Gather", table, "input_ids"), place)
        x = self.node("Add", x, self.constant(weights["embeddings.token_type_embeddings.weight"][0]))
        x = self.normal(x, weights, "embeddings.LayerNorm")
        padding = self._padding()
        for number in range(LAYERS):
            x = self._layer(x, padding, weights, f"encoder.layer.{number}.")
        return x

    def _padding(self) -> str:
        mask = self.node("Unsqueeze", self._mask(), self.constant(np.array([1, 2])))
        return self.node(
            "Mul", self.node("Sub", self.constant(np.float32(1)), mask), self.constant(np.float32(FARAWAY))
        )

    def _mask(self) -> str:
        return self.node("Cast", "attention_mask", to=self._float)

    def _layer(self, x: str, padding: str, weights: Weights, name: str) -> str:
        attended = self.linear(self._attention(x, padding, weights, name), weights, f"{name}attention.output.dense")
        x = self.normal(self.node("Add", x, attended), weights, f"{name}attention.output.LayerNorm")
        wide = self.node("Gelu", self.linear(x, weights, f"{name}intermediate.dense"))
        narrow = self.linear(wide, weights, f"{name}output.dense")
        return self.normal(self.node("Add", x, narrow), weights, f"{name}output.LayerNorm")

    def _attention(self, x: str, padding: str, weights: Weights, name: str) -> str:
        split = self.constant(np.array([0, 0, HEADS, HEAD_SIZE]))
        query, key, value = (
            self.node("Reshape", self.linear(x, weights, f"{name}attention.self.{part}"), split)
            for part in ("query", "key", "value")
        )
        query, value = (self.node("Transpose", part, perm=[0, 2, 1, 3]) for part in (query, value))
        key = self.node("Transpose", key, perm=[0, 2, 3, 1])
        scores = self.node("Mul", self.node("MatMul", query, key), self.constant(np.float32(HEAD_SIZE**-0.5)))
        shares = self.node("Softmax", self.node("Add", scores, padding), axis=-1)
        heads = self.node("Transpose", self.node("MatMul", shares, value), perm=[0, 2, 1, 3])
        return self.node("Reshape", heads, self.constant(np.array([0, 0, DIMENSIONS])))

    def vector(self, x: str) -> None:
        """The mean of the tokens that are no padding, one unit long."""
        mask = self.node("Unsqueeze", self._mask(), self.constant(np.array([2])))
        axis = self.constant(np.array([1]))
        total = self.node("ReduceSum", self.node("Mul", x, mask), axis, keepdims=0)
        mean = self.node("Div", total, self.node("ReduceSum", mask, axis, keepdims=0))
        self.nodes.append(self._node("LpNormalization", [mean], ["embedding"], axis=1, p=2))


def read_safetensors(path: Path) -> Weights:
    """Every tensor of a safetensors file: 8 bytes of header length, a JSON header, the raw values."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    body = memoryview(raw)[8 + length :]
    tensors = {name: entry for name, entry in header.items() if name != "__metadata__"}
    return {
        name: np.frombuffer(body[slice(*entry["data_offsets"])], _TYPES[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in tensors.items()
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_aside(target: Path, content: bytes) -> None:
    with NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
        aside = Path(file.name)
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            aside.rename(target)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
