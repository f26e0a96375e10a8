"""A sentence encoder beside the built-in scorer: a linear head on its vectors, mixed with what words say.

The head and its card are one file, MODEL_DIR/encoder.npz, written whole by `manage.py train --backend
onnx`; it fits the encoder that it was trained on and no other.
"""

import hashlib
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from numpy.typing import NDArray

from dispatch.normalise.backends import sentences
from dispatch.normalise.backends.interface import Beside, readings
from dispatch.normalise.features import prepared
from dispatch.normalise.model import Classifier, Floats, Reading, softmax

FILE = "encoder.npz"
FAINT = 1e-5  # what the built-in scorer gives no chance at all still has one


class EncoderReader(Beside):
    """Categories by the built-in scorer and the encoder's head together."""

    def __init__(
        self, base: Classifier, encoder: sentences.SentenceEncoder, arrays: Any, card: dict[str, Any]
    ) -> None:
        super().__init__(base, card)
        self.encoder = encoder
        self.weights: Floats = arrays["weights"].astype(np.float32)
        self.bias: Floats = arrays["bias"].astype(np.float32)
        self.mix: Floats = arrays["mix"].astype(np.float32)

    def read(self, text: str) -> Reading:
        return self.read_many([text])[0]

    def read_many(self, texts: list[str]) -> list[Reading]:
        """The same for several at once, which an encoder does faster."""
        vectors = self.encoder.encode([prepared(text) for text in texts])
        mixed = []
        for said, vector in zip(readings(self.base, texts), vectors, strict=True):
            mixed.append(Reading(self.mixed(said.categories, vector), said.matters))
        return mixed

    def mixed(self, categories: Floats, vector: Floats) -> Floats:
        return softmax(
            self.mix[0] * np.log(categories + FAINT) + self.mix[1] * (vector @ self.weights + self.bias)
        )


def load_reader(base: Classifier) -> EncoderReader:
    """As it was trained, for these very files. Raises ImproperlyConfigured."""
    encoder = sentences.from_settings()
    path = Path(settings.MODEL_DIR) / FILE
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            told = dict(arrays)
        card = json.loads(str(told["card"]))
    except (OSError, ValueError, KeyError, BadZipFile, EOFError) as error:
        raise ImproperlyConfigured(
            f"CLASSIFIER_BACKEND is onnx, and nothing in {path} was trained on its encoder ({error}): "
            "run `manage.py train --backend onnx`."
        ) from error
    if card["encoder"] != sentences.fingerprint() or told["weights"].shape[0] != encoder.width:
        raise ImproperlyConfigured(
            "ENCODER_MODEL or ENCODER_TOKENIZER is another file than the head was trained on: "
            "run `manage.py train --backend onnx`."
        )
    if told["categories"].tolist() != base.categories:
        raise ImproperlyConfigured(
            "The encoder's head knows other categories than the built-in scorer: "
            "run `manage.py train --backend onnx`."
        )
    if card.get("base") != base.version:
        # How they are mixed, calibrated and trusted was fitted on what that scorer says of texts.
        raise ImproperlyConfigured(
            f"The encoder's head was trained beside another classifier than {base.version}, which is in use: "
            "run `manage.py train --backend onnx`."
        )
    return EncoderReader(base, encoder, told, card)


def mark() -> tuple[int, int]:
    """What the head's file looks like: another one after each training."""
    try:
        status = (Path(settings.MODEL_DIR) / FILE).stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_ino


def store(arrays: dict[str, NDArray[Any]], card: dict[str, Any]) -> dict[str, Any]:
    """Write head and card as one file, in one step; answers the card with its version."""
    digest = hashlib.sha256(card["encoder"].encode())
    for name in sorted(arrays):
        digest.update(arrays[name].tobytes())
    card = {**card, "version": f"onnx-{digest.hexdigest()[:12]}"}
    packed = io.BytesIO()
    np.savez(packed, card=np.array(json.dumps(card, ensure_ascii=False)), **arrays)  # type: ignore[arg-type]
    folder = Path(settings.MODEL_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".encoder-", dir=folder)
    with os.fdopen(handle, "wb") as file:
        file.write(packed.getvalue())
    os.replace(name, folder / FILE)
    return card
