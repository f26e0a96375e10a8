"""The classifier, thresholds, and who gets what nobody owns."""

from pathlib import Path

from config.settings.base import VAR_DIR, env

# How often a report that goes out by itself must go to the right unit: by its words alone, and with its
# category given. The probability from which on that was so is measured on held-out texts, and stands
# with its coverage on the model's card (`manage.py train` prints it); where the texts are too few to be
# sure of it, nothing goes out by itself unless the list leaves one unit only.
AUTO_DISPATCH_PRECISION = env.float("AUTO_DISPATCH_PRECISION", default=0.95)
AUTO_DISPATCH_PRECISION_GIVEN = env.float("AUTO_DISPATCH_PRECISION_GIVEN", default=0.95)
# A version of the responsibility list is adopted by somebody else than who proposed it. A district with
# one steward may turn this off; the history then shows the same name twice.
LIST_FOUR_EYES = env.bool("LIST_FOUR_EYES", default=True)
# The normaliser may name an item as the matter, in place of its keywords, from this probability on.
MATTER_CONFIDENCE = env.float("MATTER_CONFIDENCE", default=0.60)
# Where the trained model lies (`manage.py train` writes it).
MODEL_DIR = Path(env.str("MODEL_DIR", default=str(VAR_DIR / "models")))
# What reads texts: linear (built in, needs nothing), onnx (a sentence encoder beside it), or chat (a model
# behind an OpenAI-compatible endpoint is asked about a single report that the built-in scorer is unsure
# of; refused until `manage.py train --backend chat` has measured it at AUTO_DISPATCH_PRECISION).
CLASSIFIER_BACKEND = env.str("CLASSIFIER_BACKEND", default="linear")
# Of onnx: the model, and the tokenizer.json made with it (bge-small-zh and the like); packages:
# requirements/encoder.txt. Pooling cls or mean; empty: as the file 1_Pooling/config.json beside it says.
ENCODER_MODEL = env.str("ENCODER_MODEL", default="")
ENCODER_TOKENIZER = env.str("ENCODER_TOKENIZER", default="")
ENCODER_POOLING = env.str("ENCODER_POOLING", default="")
ENCODER_MAX_LENGTH = env.int("ENCODER_MAX_LENGTH", default=256)
ENCODER_THREADS = env.int("ENCODER_THREADS", default=1)
# Of chat: the address up to /v1, the model's name there and the key. Set, operators may ask it for a
# suggestion on the desk, whatever the backend. Seconds are for the whole exchange. json_object is for
# servers that know no JSON schema.
CHAT_URL = env.str("CHAT_URL", default="")
CHAT_MODEL = env.str("CHAT_MODEL", default="")
CHAT_KEY = env.str("CHAT_KEY", default="")
CHAT_SECONDS = env.float("CHAT_SECONDS", default=8.0)
CHAT_CANDIDATES = env.int("CHAT_CANDIDATES", default=8)
CHAT_ANSWER_FORMAT = env.str("CHAT_ANSWER_FORMAT", default="json_schema")
# The unit that owns what nobody owns yet: the district's triage desk.
TRIAGE_UNIT = "operations-centre"
# With so many agreed returns a case goes before adjudication, by itself.
ADJUDICATE_AFTER_RETURNS = env.int("ADJUDICATE_AFTER_RETURNS", default=2)
# 兜底单位: who gets a case that nobody has ruled on in time, by the case's place as in the list (a unit's
# code, @street, @street/TEAM, @community, @owner); where that is nobody, whoever had it first.
FALLBACK_UNIT = env.str("FALLBACK_UNIT", default="@street")
# 后续修复: the repair after a place was made safe is a sending of its own, under this limit; and so many
# working minutes until its unit is deemed to have accepted.
FOLLOW_UP_LIMIT = env.str("FOLLOW_UP_LIMIT", default="5wd")
FOLLOW_UP_ACCEPT_MINUTES = env.int("FOLLOW_UP_ACCEPT_MINUTES", default=240)

# 自办自结: the share of what patrols found and put right themselves that somebody else looks at again.
SELF_FIXED_CHECKED = env.float("SELF_FIXED_CHECKED", default=0.05)
