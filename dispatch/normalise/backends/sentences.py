"""Sentences as vectors: an encoder as an ONNX file, with the tokenizer.json that was made with it.

Made for the files of BERT-like sentence encoders (bge-small-zh and the like). onnxruntime and tokenizers
are asked for by this module alone (requirements/encoder.in).
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from numpy.typing import NDArray

Floats = NDArray[np.float32]
BATCH = 32
CLS, MEAN = "cls", "mean"
_KNOWN_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_NUMBERS = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}


class SentenceEncoder:
    """Texts to vectors of length one; safe between threads, as the session is."""

    def __init__(self, model: Path, tokenizer: Path, *, max_length: int = 512, pooling: str = "") -> None:
        """Raises ImproperlyConfigured with the setting's name for what is missing or does not fit."""
        for name, path in (("ENCODER_MODEL", model), ("ENCODER_TOKENIZER", tokenizer)):
            if not path.is_file():
                raise ImproperlyConfigured(f"{name} is {path}: there is no such file.")
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except ImportError as error:
            raise ImproperlyConfigured(
                "CLASSIFIER_BACKEND is onnx, which needs what requirements/encoder.txt lists: "
                f"pip install -r requirements/encoder.txt ({error})."
            ) from error
        try:
            self.tokenizer = Tokenizer.from_file(str(tokenizer))
        except Exception as error:  # the library raises its own plain Exception
            raise ImproperlyConfigured(
                f"ENCODER_TOKENIZER is {tokenizer}: no tokenizer ({error})."
            ) from error
        self.tokenizer.enable_truncation(max_length)
        self.tokenizer.enable_padding(**_padding(self.tokenizer))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = settings.ENCODER_THREADS
        try:
            self.session: Any = onnxruntime.InferenceSession(
                str(model), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # as above
            raise ImproperlyConfigured(f"ENCODER_MODEL is {model}: no ONNX model ({error}).") from error
        self.inputs = {one.name: _NUMBERS.get(one.type) for one in self.session.get_inputs()}
        strange = [name for name, number in self.inputs.items() if name not in _KNOWN_INPUTS or not number]
        if strange or "input_ids" not in self.inputs:
            raise ImproperlyConfigured(
                f"ENCODER_MODEL is {model}: it asks for {', '.join(self.inputs)}; a sentence encoder asks "
                "for input_ids and attention_mask as whole numbers."
            )
        self.output, self.is_pooled = _output(self.session, model)
        self.pooling = pooling or _pooling_beside(model)
        if self.pooling not in (CLS, MEAN):
            raise ImproperlyConfigured(f"ENCODER_POOLING is {self.pooling!r}: it is {CLS} or {MEAN}.")
        self.width = self.encode(["。"]).shape[1]

    def encode(self, texts: Sequence[str]) -> Floats:
        """A row for each text."""
        rows = []
        for start in range(0, len(texts), BATCH):
            told = self.tokenizer.encode_batch(list(texts[start : start + BATCH]))
            parts = {
                "input_ids": [one.ids for one in told],
                "attention_mask": [one.attention_mask for one in told],
                "token_type_ids": [one.type_ids for one in told],
            }
            feed = {name: np.array(parts[name], number) for name, number in self.inputs.items()}
            try:
                (answer,) = self.session.run([self.output], feed)
            except Exception as error:  # as above
                raise ImproperlyConfigured(
                    f"ENCODER_MODEL and ENCODER_TOKENIZER do not fit each other: {error}"
                ) from error
            rows.append(self._pooled(np.asarray(answer, np.float32), np.array(parts["attention_mask"])))
        vectors = np.concatenate(rows) if rows else np.zeros((0, self.width), np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Floats = vectors / np.maximum(lengths, 1e-9)
        return unit

    def _pooled(self, answer: Floats, mask: NDArray[Any]) -> Floats:
        if self.is_pooled:
            return answer
        if self.pooling == CLS:
            first: Floats = answer[:, 0]
            return first
        shown = mask[:, :, None].astype(np.float32)
        mean: Floats = (answer * shown).sum(axis=1) / np.maximum(shown.sum(axis=1), 1e-9)
        return mean


def from_settings() -> SentenceEncoder:
    """The encoder that the settings name. Raises ImproperlyConfigured."""
    for name in ("ENCODER_MODEL", "ENCODER_TOKENIZER"):
        if not getattr(settings, name):
            raise ImproperlyConfigured(f"CLASSIFIER_BACKEND is onnx, and {name} is not set.")
    return SentenceEncoder(
        Path(settings.ENCODER_MODEL),
        Path(settings.ENCODER_TOKENIZER),
        max_length=settings.ENCODER_MAX_LENGTH,
        pooling=settings.ENCODER_POOLING,
    )


def fingerprint() -> str:
    """Tells one pair of files from another: what is learnt on an encoder's vectors fits no other's."""
    digest = hashlib.sha256()
    for path in (settings.ENCODER_MODEL, settings.ENCODER_TOKENIZER):
        with Path(path).open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    digest.update(f"{settings.ENCODER_MAX_LENGTH}{settings.ENCODER_POOLING}".encode())
    return digest.hexdigest()[:16]


def _output(session: Any, model: Path) -> tuple[str, bool]:
    """The output to take, and whether it is one vector a text already."""
    outputs = {one.name: one for one in session.get_outputs()}
    for name in ("sentence_embedding", "last_hidden_state", "token_embeddings", *outputs):
        if name in outputs and len(outputs[name].shape or ()) in (2, 3):
            return name, len(outputs[name].shape) == 2
    raise ImproperlyConfigured(
        f"ENCODER_MODEL is {model}: none of its outputs ({', '.join(outputs)}) is a vector for each text "
        "or for each token."
    )


def _pooling_beside(model: Path) -> str:
    """As sentence-transformers writes it beside the model; else the first token, as bge has it."""
    for folder in (model.parent, model.parent.parent):
        path = folder / "1_Pooling" / "config.json"
        if path.is_file():
            try:
                return MEAN if json.loads(path.read_text("utf-8")).get("pooling_mode_mean_tokens") else CLS
            except ValueError:
                break
    return CLS


def _padding(tokenizer: Any) -> dict[str, Any]:
    known = tokenizer.padding
    if known:
        return {"pad_id": known["pad_id"], "pad_token": known["pad_token"]}
    return {"pad_id": tokenizer.token_to_id("[PAD]") or 0, "pad_token": "[PAD]"}
