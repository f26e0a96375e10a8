"""What the rule takes out of words for the public, and the ordinary words that it leaves."""

import pytest

from accounts.masking import for_others, found_in, holds_personal, starred


@pytest.mark.parametrize(
    ("words", "secret"),
    [
        ("家住植物园路12号3栋502", "502"),
        ("阳光花园A座15楼1502漏水", "1502"),
        ("阳光花园三栋五零二楼上漏水", "五零二"),
        ("3幢2单元0601有人养鸡", "0601"),
        ("我住502，楼上漏水", "502"),
        ("it is in flat 12B", "12B"),
        ("打一三八一二三四五六七八找我", "一三八"),
        ("电话138一二三四5678", "一二三四"),
        ("电话１３８１２３４２２０７", "１３８"),
        ("王小明报：路灯坏了", "王小明"),
        ("3栋502的张伟每天唱歌", "张伟"),
        ("楼下那个邻居刘德华半夜唱歌", "刘德华"),
        ("住户陈志强反映水管爆了", "陈志强"),
        ("昨天李建国投诉过一次", "李建国"),
        ("有个叫林晓燕的堵了门", "林晓燕"),
        ("隔壁姓王的，天天吵", "王"),
        ("My neighbour John Smith sings", "Smith"),
        ("my name is Mary O'Brien", "Brien"),
        ("Mr Wong's car blocks the gate", "Wong"),
        ("John Smith reported it twice", "John"),
    ],
)
def test_it_takes_out(words: str, secret: str) -> None:
    assert secret not in for_others(words)
    assert any(secret in one for one in found_in(words))
    assert for_others(for_others(words)) == for_others(words)


@pytest.mark.parametrize(
    "words",
    [
        "墙上的张贴物很多，业主张贴的通知也在",
        "王牌健身房太吵",
        "3栋高空抛物很危险，住户高空抛物没人管",
        "邻居常常半夜装修",
        "业主方便的时候再来",
        "龙岗区龙华路的路灯坏了",
        "罗湖那边的高楼，白石洲的石头",
        "3栋2单元楼道灯不亮",
        "植物园路12号门口积水",
        "2楼150米外有人烧烤，3栋120户居民停水",
        "M502路公交乱停，12号线500米处",
        "业主黄色的车，业主马上要走",
        "老板高强度加班，居民万一摔倒",
        "楼下住户于阳台养鸡，等了两周才说",
        "对方先说周一来，讲文明说好话",
        "2026年7月6日20:00，案件20260706-000123",
        "1号楼1500平米的车库",
        "Bus 502 on Nanlian Road is late",
        "The Longgang Garden said it was closed",
        "I am very angry. This is Nanlian Community",
    ],
)
def test_it_leaves_ordinary_words(words: str) -> None:
    assert (for_others(words), found_in(words)) == (words, [])


def test_digits_in_words_are_starred_too_and_a_word_behind_is_left() -> None:
    assert starred("一三八一二三四五六七八") == "一三八****五六七八"
    assert starred("13812342207一直打不通") == "138****2207一直打不通"
    assert holds_personal("幺三八零零零零零零零零")


def test_a_long_run_of_letters_is_searched_in_one_go() -> None:
    # From each letter anew it took quadratic time: 200,000 letters held a worker for minutes.
    assert for_others("a" * 200_000 + "@ 13812345678").endswith("[号码]")
