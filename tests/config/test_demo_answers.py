"""The demo's knowledge base: made once, through the production actions, and of use to the demo's callers."""

import csv
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from config.simulation.knowledge import prepare_knowledge
from incidents.knowledge import finding
from incidents.models import Article, ArticleEdition
from incidents.numbers import district_day
from tests.cast import TUESDAY

pytestmark = pytest.mark.django_db

# What some of the demo's callers ask, and a word of the answer's title.
ASKED = (
    ("我刚失业想摆个小摊卖凉粉，请问布吉附近哪里可以摆，要不要交摊位费", "摆摊"),
    ("请问给狗办狗牌要带什么，芯片要钱吗，南湾附近哪里能打", "狗证"),
    ("违停罚单想申诉，当时车是坏在那里的，需要准备什么材料", "申诉"),
    ("你好，我驾驶证下个月到期，人在外地能换驾照吗", "驾驶证"),
    ("昨晚停水今天来水后是乳白色的，像牛奶一样，能不能喝呀", "发白"),
    ("请问日常维修金余额在哪里可以查，我们买的二手房上一手说已交清", "维修资金"),
    ("想问公租房排队到几号了，我排了四年还要等多久", "排队"),
    ("安检单说“未遇”，可我那天一直在家，布吉的安检怎么重新预约", "安检"),
    ("乡下亲戚结婚想放两串鞭炮图个喜庆，深圳市区允许吗", "鞭炮"),
)


def test_it_is_made_once_with_one_that_expired_and_one_that_waits() -> None:
    for _time in range(2):
        prepare_knowledge(at=TUESDAY)
    today = district_day(TUESDAY)
    assert Article.objects.offered(today).count() == 20
    assert Article.objects.expired(today).count() == 1
    assert ArticleEdition.objects.filter(verdict="").count() == 1
    assert Article.objects.ending(today, today + timedelta(days=30)).count() == 2


def test_callers_own_words_find_it_first_and_other_matters_find_nothing() -> None:
    prepare_knowledge(at=TUESDAY)
    for words, title in ASKED:
        found = finding.suggest(words, at=TUESDAY).offered
        assert found, words
        assert title in found[0].title, words
    path = Path(settings.BASE_DIR) / "config" / "data" / "demo_texts.csv"
    with path.open(encoding="utf-8", newline="") as file:
        complaints = [row["text"] for row in csv.DictReader(file) if row["nature"] == "complaint"][::12]
    offered = [text for text in complaints if finding.suggest(text, at=TUESDAY).offered]
    assert len(offered) <= len(complaints) / 10
