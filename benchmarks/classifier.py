"""Reading one text: scored by hand, beside scikit-learn's pipeline of the same shape of model.

The pipeline is TF-IDF of character 1-2-grams and a linear SVM, asked for one text at a time as a web
request would. Metrics: texts per second (one at a time), and resident memory of a process that has
loaded the one or the other.
"""

import subprocess
import sys
from pathlib import Path

from benchmarks.records import Record, compare, rates
from dispatch.normalise.corpus import read_corpus
from dispatch.normalise.model import classifier, current_folder

NEEDS_DATABASE = True  # the trained model comes with it
TEXTS, FEW = 2_000, 200

_MEMORY = """
import os, sys
def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))
"""
_OURS = """
import django
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()
before = resident()
from pathlib import Path
from dispatch.normalise.model import load
load(Path(sys.argv[1])).read("路灯不亮")
print(resident() - before)
"""
_THEIRS = """
before = resident()
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
print(resident() - before)
"""


def run() -> list[Record]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline

    corpus = read_corpus()
    labels = corpus.category_of[corpus.labels]
    pipeline = make_pipeline(
        TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True),
        SGDClassifier(max_iter=5, tol=None, random_state=1),
    ).fit(corpus.texts, labels)
    model = classifier()
    texts = [example.text for example in corpus.examples[:TEXTS]]
    told = rates(
        {
            "ours": (model.read, texts),
            "sklearn predict": (lambda text: pipeline.predict([text]), texts[:FEW]),
        },
        rounds=3,
    )
    return [
        *compare("classifier", "texts per second", told.pop("ours"), told),
        *compare(
            "classifier",
            "MB to have it loaded",
            _resident(_OURS, current_folder()),
            {"importing sklearn alone": _resident(_THEIRS, Path())},
        ),
    ]


def _resident(code: str, folder: Path) -> float:
    """Megabytes that a fresh process gains by loading."""
    told = subprocess.run(
        [sys.executable, "-c", _MEMORY + code, str(folder)], capture_output=True, text=True, check=True
    )
    return float(told.stdout)
