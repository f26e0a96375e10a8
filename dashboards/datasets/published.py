"""The promise about schemas, held against what was published.

published.json has the fields of every version as they went out. A field of a version keeps its name, its
kind and its code list for as long as the version is served; new fields may be added at its end. Whatever else
changes is a new version, beside which the old one is served for DEPRECATION_DAYS more.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from dashboards.datasets.definition import DataSet

PATH: Final = Path(__file__).parent / "published.json"
# code → version → [name, kind, code list] of each field.
Published = dict[str, dict[str, list[list[str]]]]


def read() -> Published:
    """What has been published so far."""
    found: Published = json.loads(PATH.read_text(encoding="utf-8"))
    return found


def shape(dataset: DataSet) -> list[list[str]]:
    """The fields of a data set, as they are promised."""
    return [[one.name, one.kind, one.codes] for one in dataset.fields]


def broken(datasets: Iterable[DataSet], published: Published) -> list[str]:
    """Every promise that these definitions break, in words; none is what a test holds."""
    found = []
    now = {(one.code, one.version): one for one in datasets}
    for code, versions in published.items():
        for version, promised in versions.items():
            dataset = now.get((code, int(version)))
            if dataset is None:
                newer = any(one.code == code and one.version > int(version) for one in now.values())
                if not newer:
                    found.append(f"{code} v{version} was published, and nothing has taken its place")
                continue
            found += [f"{code} v{version}: {problem}" for problem in _differences(dataset, promised)]
            successor = any(key[0] == code and key[1] > int(version) for key in now)
            if successor and dataset.sunset is None:
                found.append(f"{code} v{version} has a successor, and no day on which it ends")
    for (code, number), dataset in now.items():
        told = published.get(code, {}).get(str(number))
        if told is None or len(told) < len(dataset.fields):
            found.append(f"{code} v{number} has fields that were not published: manage.py datasets --publish")
    return found


def _differences(dataset: DataSet, promised: list[list[str]]) -> list[str]:
    found = []
    for number, (name, kind, codes) in enumerate(promised):
        if number >= len(dataset.fields):
            found.append(f"{name} is gone")
            continue
        one = dataset.fields[number]
        if one.name != name:
            found.append(f"{name} is called {one.name}, or stands elsewhere")
        elif (one.kind, one.codes) != (kind, codes):
            found.append(f"{name} was {kind} {codes}".rstrip() + f", and is {one.kind} {one.codes}".rstrip())
    return found


def publish(datasets: Iterable[DataSet]) -> list[str]:
    """Write down new versions and new fields; refuses where that would break a promise, and answers why."""
    datasets = list(datasets)
    published = read() if PATH.exists() else {}
    problems = [problem for problem in broken(datasets, published) if "were not published" not in problem]
    if problems:
        return problems
    for dataset in datasets:
        published.setdefault(dataset.code, {})[str(dataset.version)] = shape(dataset)
    lines = []
    for code, versions in sorted(published.items()):
        told = [
            f"    {json.dumps(version)}: [\n"
            + ",\n".join(f"      {json.dumps(field)}" for field in fields)
            + "\n    ]"
            for version, fields in sorted(versions.items())
        ]
        lines.append(f"  {json.dumps(code)}: {{\n" + ",\n".join(told) + "\n  }")
    PATH.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return []
