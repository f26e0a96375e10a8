"""A corpus that trains in a second: three categories of the district's list, and what is said of them."""

from functools import cache

from dispatch.normalise.corpus import Corpus, read_corpus
from dispatch.normalise.history import History, Settled

CATEGORIES = ("0201", "0204", "0301")  # manholes, street lamps, parked cars


@cache
def small_corpus() -> Corpus:
    whole = read_corpus()
    items = [text for text in whole.items if text.item.category in CATEGORIES]
    codes = {text.item.code for text in items}
    return Corpus(
        [category for category in whole.categories if category.code in CATEGORIES],
        items,
        [example for example in whole.examples if example.item in codes],
    )


PLACES = ("平湖大街", "龙城路", "植物园路", "华南城", "坂田五和", "布吉东站", "李朗路", "宝荷路")
LAMPS = ("路灯不亮了", "路灯坏了好几天", "路灯一闪一闪", "晚上路灯没有亮", "路灯杆歪了")
CARS = ("小车停在人行道上", "有车堵住出口要移车", "路边违停一排车", "大货车占着路停", "车停在门口出不去")


def history(lamps: str, cars: str, times: int = 3, first: int = 1) -> History:
    """Two kinds of report, each settled by whoever is named; said in turn, at another place each time."""
    rows = []
    for turn in range(first, first + times):
        for place in PLACES:
            for lamp, car in zip(LAMPS, CARS, strict=True):
                rows.append(Settled(f"{place}{turn}号{lamp}", lamps))
                rows.append(Settled(f"{place}{turn}号{car}", cars))
    return History(rows)
