"""Danger to people in a report's words: what is told as happening, not what is feared, over or asked about.

The words stand in dispatch/data/emergency_words.csv: one word, or two with little between them. What is
found is named by the table's own words, never by the reporter's: findings are kept for ever and counted,
so that the table can be mended by its false alarms.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import ahocorasick

from accounts.reference import read_rows
from dispatch.items import normal_form
from dispatch.loading import DATA
from dispatch.vocabulary import Nature, Urgency

TABLE = DATA / "emergency_words.csv"
COLUMNS = ("danger", "urgency", "first", "gap", "second", "unless")
# Who is called before anything else, by the danger; a gas company's own number is on the duty roster.
NUMBERS = {
    "gas": ("119",),
    "lift": ("119", "96333"),
    "electric": ("119", "120", "95598"),
    "missing": ("110",),
    "suicide": ("110", "120"),
    "fire": ("119",),
    "explosion": ("119", "120"),
    "water": ("119", "120"),
    "collapse": ("119", "120"),
    "violence": ("110",),
    "medical": ("120",),
    "poison": ("120", "119"),
    "trapped": ("119",),
}
# A threat to life is no less one for its "if": the speaker means it.
_NEVER_SUPPOSED = frozenset({"suicide", "violence"})

_SENTENCE_END = re.compile(r"[。;!?\n]")
_CLAUSE_END = re.compile(r"[,。;!?\n]")
# Said of something else than what happens now. Looked for in what precedes the words within the clause …
_PREVENTED = re.compile(
    r"(?:防|预防|谨防|以防|防止|避免|防范|杜绝|以免|免得|严禁|禁止|不要|注意)[^,。;!?\n]{0,6}$"
)
_DENIED = re.compile(
    r"(?:(?<!有)没有|(?<!有)没(?!人|有)|未|无|(?<!是)不是|并非|并未|不存在|不会|解除了?|排除了?|打不|点不)(?!人)[^,。;!?\n]{0,5}$"
)
_SUPPOSED = re.compile(
    r"(?:怕|担心|万一|如果|要是|假如|一旦|容易|可能会?|会不会|恐怕|早晚|迟早|险些|差点儿?|若|假设|恐|防不住|"
    r"随时会?|预计|易发生?|极易)[^,。;!?\n]{0,10}$"
)
# … the same within two words that belong together: 电梯年检过期，担心以后困人.
_SUPPOSED_WITHIN = re.compile(r"担心|怕|万一|如果|要是|一旦|以后|将来|防止|避免")
_PAST = re.compile(
    r"去年|前年|上个?月|上周|当年|多年前|几年前|[0-9一二三四五六七八九十]+(?:年|个月)前|上次|那次|"
    r"曾经|曾|以前|19\d\d年|20\d\d年|历史上|小时候"
)
# … or follows them.
_OVER = re.compile(
    r"^[^。;!?\n]{0,10}?(?:(?:已经?|都|现在|后来|今天|早就)(?:[^,。;!?\n]{0,4})?(?:没有了?|没了|没味|散了|散掉|排除|解除|修好|处理好|"
    r"处理完|救出|扑灭|灭了|熄灭|找到|找回|回来了|回家了|消失|不漏|恢复|换好|解决)|没有了|没味了|不漏了|"
    r"经?检查是|经?排查|经核实|经查|实为|系?看错|已?解救|无泄漏|一样|似的|被扑灭|被救出|找到了|找回来了|误报|误会|虚惊|是假的|谣言|属于误)"
)
_RISK = re.compile(
    r"^[^,。;!?\n]{0,6}(?:隐患|风险|的危险|的可能|怎么预防|如何预防|应急预案|事故率|报警器|警示)"
)
_AFTERMATH = re.compile(
    r"赔偿|保险|理赔|责任认定|起诉|工伤认定|工伤待遇|善后|调查结果|事故调查|通报|新闻|判决|补偿|抚恤|报销"
)
_NOT_REAL = re.compile(
    r"演习|演练|模拟|培训|宣传|讲座|知识|预案|标语|海报|横幅|手册|游戏|电影|电视剧|剧本|课程|教育|证书|资格证|"
    r"逃生通道|保证金|测试|密室|演员|剧组|干预|热线"
)
_NEAR_UNREAL = 14
_ASKS = re.compile(
    r"怎么|如何|什么|哪里|哪个|哪些|多少|是否|吗|呢|标准|规定|流程|请问|咨询|几点|多久|能不能|能否|询问|可不可以|\?"
)
_FORMULA = re.compile(r"(?:市民|群众)?(?:来电|来信)?(?:我)?(?:想|要)?(?:请问|咨询|了解|问问?|询问)(?:一?下)?")
# Somebody is there and tells what is before them.
_PRESENT = re.compile(
    r"我家|家里|家中|我们?(?:这|那|楼|被|在|小区|单元|店|厂|公司|村|老|妈|爸|孩|儿|女|不想)|现在|正在|刚|有人|有个|"
    r"有一|闻到|听到|看到|发现|楼[上下道里]|隔壁|邻居|快来|快点|赶紧|赶快|救|里面|这里|这边|门口|还在|仍|又|"
    r"今天|目前|此刻|马上|怎么办|咋办|该打哪|分钟|半小时|很浓|很大|很重|好浓"
)
# A missing person who was found, and what is taken back, wherever it is said.
_FOUND = re.compile(r"找到了|已找到|找回|自己回来|回家了|不用找了")
_TAKEN_BACK = re.compile(r"撤诉|撤单|撤销诉求|无[需须]处理|不用派人|不用来了|不用处理")
_NOW = re.compile(r"现在|正在|刚刚?|又|还在|仍|今天|今晚|今早|马上|快来|赶紧|目前|至今|此刻|再次|依然")


@dataclass(frozen=True, slots=True)
class Alarm:
    """How pressing it is, by which danger, and the words of the table that say so."""

    urgency: str
    danger: str
    phrase: str


@dataclass(frozen=True, slots=True)
class _Row:
    danger: str
    urgency: str
    pattern: re.Pattern[str]


def find(text: str, nature: str | None = None) -> Alarm | None:
    """The most pressing alarm in `text` (in its normal form), the longest words of equals.

    A question or a suggestion alarms only where its speaker stands before the danger; praise never does.
    """
    table, automaton = _table()
    wanted = {at for _end, rows in automaton.iter(text) for at in rows}
    if not wanted or nature == Nature.PRAISE:
        return None
    best: tuple[int, int] | None = None
    found: Alarm | None = None
    for at in sorted(wanted):
        row = table[at]
        for hit, phrase in _hits(row, text):
            urgency = _weighed(text, hit, row, nature)
            if urgency is None:
                continue
            key = (urgency == Urgency.EMERGENCY, len(phrase))
            if best is None or key > best:
                best, found = key, Alarm(urgency, row.danger, phrase)
    return found


def _hits(row: _Row, text: str) -> Iterator[tuple[re.Match[str], str]]:
    for hit in row.pattern.finditer(text):
        parts = [part for part in hit.groups() if part]
        adjacent = hit.end() - hit.start() == sum(map(len, parts))
        yield hit, ("" if adjacent else "…").join(parts)


def _weighed(text: str, hit: re.Match[str], row: _Row, nature: str | None) -> str | None:
    """What is left of the alarm after how it is said: its urgency, less, or nothing."""
    before, after = text[: hit.start()], text[hit.end() :]
    clause = _CLAUSE_END.split(before)[-1]
    sentence = _SENTENCE_END.split(before)[-1] + hit[0] + _SENTENCE_END.split(after)[0]
    if _PREVENTED.search(clause) or _DENIED.search(clause) or _OVER.search(after):
        return None
    near = text[max(0, hit.start() - _NEAR_UNREAL) : hit.end() + _NEAR_UNREAL]
    if _NOT_REAL.search(near):
        return None
    is_now = _NOW.search(text) is not None
    if row.danger == "missing" and _FOUND.search(text):
        return None
    if not is_now and (
        _PAST.search(_SENTENCE_END.split(before)[-1]) or _AFTERMATH.search(text) or _TAKEN_BACK.search(text)
    ):
        return None
    supposed = row.danger not in _NEVER_SUPPOSED and (
        _SUPPOSED.search(clause) or _SUPPOSED_WITHIN.search(hit[0]) or _RISK.search(after)
    )
    asks = nature in (Nature.ENQUIRY, Nature.SUGGESTION) or _ASKS.search(sentence)
    if asks and (supposed or not _PRESENT.search(_FORMULA.sub("", text))):
        return None
    return Urgency.URGENT.value if supposed else row.urgency


@cache
def _table() -> tuple[list[_Row], ahocorasick.Automaton]:
    """The rows, and which of them a word that occurs makes worth trying."""
    rows = read_rows(TABLE, COLUMNS)
    rows.require("first")
    rows.one_of("danger", [*NUMBERS, "urgent"])
    rows.one_of("urgency", [Urgency.EMERGENCY, Urgency.URGENT])
    rows.check()
    table: list[_Row] = []
    starts: dict[str, set[int]] = {}
    for row in rows:
        first, second, unless = (_words(row[name]) for name in ("first", "second", "unless"))
        pattern = f"({_any(first)})"
        if second:
            barred = "".join(f"(?!{re.escape(word)})" for word in unless)
            pattern += f"(?:{barred}[^。;!?\n]){{0,{int(row['gap'])}}}?({_any(second)})"
        elif unless:
            pattern += f"(?!{_any(unless)})"
        for word in first:
            starts.setdefault(word, set()).add(len(table))
        table.append(_Row(row["danger"], row["urgency"], re.compile(pattern)))
    automaton = ahocorasick.Automaton()
    for word, at in starts.items():
        automaton.add_word(word, tuple(sorted(at)))
    automaton.make_automaton()
    return table, automaton


def _words(cell: str) -> list[str]:
    return [normal_form(word) for word in cell.split("|") if word]


def _any(words: list[str]) -> str:
    """One of these, the longest that fits."""
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))
