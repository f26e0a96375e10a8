"""Danger to people in a report's words: what is told as happening, not what is feared, over or asked about.

The words stand in two tables, Chinese and English (urgency_words.py); how things are said in Chinese
stands here, in English in urgency_english.py. What is found is named by the table's own words, never by the
reporter's: findings are kept for ever and counted, so that the tables can be mended by their false alarms.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from dispatch.normalise import urgency_english as english
from dispatch.normalise.lexicon import without_courtesy
from dispatch.normalise.urgency_words import Hit, Words, table
from dispatch.vocabulary import Nature, Urgency

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
_DANGERS = (*NUMBERS, "urgent")
# A threat to life is no less one for its "if": the speaker means it.
_NEVER_SUPPOSED = frozenset({"suicide", "violence"})

_SENTENCE_END = re.compile(r"[。;!?\n]")
_CLAUSE_END = re.compile(r"[,。;!?\n]")
# Said of something else than what happens now. Looked for in what precedes the words within the clause …
_PREVENTED = re.compile(
    r"(?:防|预防|谨防|以防|防止|避免|防范|杜绝|以免|免得|严禁|禁止|不要|注意)[^,。;!?\n]{0,6}$"
)
# … directly: 无牌电动车, 未成年人, 不会游泳的小孩 and 停电没灯 deny nothing that follows.
_DENIED = re.compile(
    r"(?:(?<!有)没有?|未|无|(?<!是)不是|并非|并未|不存在|不会|解除了?|排除了?|打不|点不)"
    r"(?:发生|出现|发现|造成|引发|引起|导致|闻到?|看到|见到?|见过|听到|遇到|碰到|存在|任何|什么|哪里|再|真的?|有|出|过|"
    r"了|的|明显|严重)*$"
)
# … or between two that belong together.
_DENIED_WITHIN = re.compile(_DENIED.pattern.replace("存在|任何", "存在|任何|人|大"))
_NOBODY = re.compile(r"(?:没有?|无)(?:任何)?(?:大|小)?人员?$")
_SUPPOSED = re.compile(
    r"(?:怕|担心|万一|如果|要是|假如|一旦|容易|可能会?|会不会|恐怕|早晚|迟早|险些|差点儿?|若|假设|恐|防不住|"
    r"随时会?|预计|易发生?|极易)[^,。;!?\n]{0,10}$|(?:就|也|都|还|肯定|迟早)?会(?:把|被|让|有|发生|引发|造成|导致|引起)?$"
)
# … the same within two words that belong together: 电梯年检过期，担心以后困人.
_SUPPOSED_WITHIN = re.compile(r"担心|怕|万一|如果|要是|一旦|以后|将来|防止|避免|容易|会不会")
_PAST = re.compile(
    r"去年|前年|上个?月|上周|当年|多年前|几年前|[0-9一二三四五六七八九十两几半]+(?:年|个月)前|上次|那次|"
    r"曾经|曾|以前|19\d\d年|20\d\d年|历史上|小时候"
)
# A person may still be missing since then.
_LATELY = re.compile(
    r"前天|[0-9一二三四五六七八九十两几]+(?:天|个?星期|周)前|[0-9一二三四五六七八九十]+月[0-9一二三四五六七八九十]+[日号]|半年|"
    r"(?:这个|本)月已?|今年(?:以来|已)"
)
# … or follows them.
_OVER = re.compile(
    r"^[^。;!?\n]{0,10}?(?:(?:已经?|都|现在|后来|今天|早就)(?:[^,。;!?\n]{0,4})?(?:没有了?|没了|没味|散了|散掉|排除|解除|修好|处理好|"
    r"处理完|救出|扑灭|灭了|熄灭|找到|找回|回来了|回家了|消失|不漏|恢复|换好|解决)|没有了|没味了|不漏了|"
    r"经?检查是|经?排查|经核实|经查|实为|系?看错|已?解救|无泄漏|一样|似的|被扑灭|被救出|找到了|找回来了|误报|误会|虚惊|是假的|谣言|属于误)"
)
_RISK = re.compile(
    r"^[^,。;!?\n]{0,6}(?:隐患|风险|的危险|的可能|怎么预防|如何预防|应急预案|事故率|报警器(?!.{0,4}响)|警示)"
)
_AFTERMATH = re.compile(
    r"赔偿|保险|理赔|责任认定|起诉|工伤|伤残|评残|私了|医药费|缝了|误诊|封存病历|追责|善后|调查结果|事故调查|通报|新闻|判决|补偿|抚恤|报销"
)
_NOT_REAL = re.compile(
    r"演习|演练|模拟|培训|宣传|讲座|知识|预案|标语|海报|横幅|手册|游戏|电影|电视剧|剧本|课程|教育|证书|资格证|"
    r"逃生通道|保证金|测试|密室|演员|剧组|干预|热线"
)
# … of which places and things have their names; in these it may burn like anywhere.
_NAMED_SO = re.compile(
    r"(?:电影|影)(?:院|城|厅|馆)|游戏(?:厅|城|室|机)|密室(?:逃脱)?(?:店|馆)|(?:教育)?培训(?:机构|班|中心|学校|基地|楼|点|室)|"
    r"(?:教育|课程)(?:机构|局|中心|集团|城|基地)|宣传(?:栏|牌|车|橱窗)|(?:广告)?横幅|知识城|演(?:艺|播)(?:厅|中心)|剧(?:院|场)|"
    r"(?:测试|检测)(?:中心|站|场)|热线.{0,2}(?:打不通|没人接|占线|不接)"
)
_NEAR_UNREAL = 14
# Somebody who says of themselves that they will.
_OWN_WISH = re.compile(r"我(?:真的?|好|很|就|也|都|只|实在|已经|现在)*(?:想|要|准备|打算|不如)?去?$")
_ASKS = re.compile(
    r"怎么|如何|什么|哪里|哪个|哪些|多少|是否|吗|呢|标准|规定|流程|请问|咨询|几点|多久|能不能|能否|询问|可不可以|\?"
)
_FORMULA = re.compile(
    r"(?:市民|群众)?(?:来电|来信)?(?:我)?(?:想|要)?(?:请问|咨询|了解|问问?|询问)(?:一?下)?|怎么办的"
)
# Somebody is there and tells what is before them.
_PRESENT = re.compile(
    r"我家|家里|家中|我们?(?:这|那|楼|被|在|小区|单元|店|厂|公司|村|老|妈|爸|孩|儿|女|不想)|现在|正在|刚|有人|有个|"
    r"有一|闻到|听到|看到|发现|捡到|楼[上下道里]|隔壁|邻居|快来|快点|赶紧|赶快|救|里面|这里|这边|门口|还在|仍|又|"
    r"今天|目前|此刻|马上|怎么办|咋办|该打哪|分钟|半小时|很浓|很大|很重|好浓|"
    r"打(?:什么|哪个|多少号?)电话|什么时候能?(?:到|来)|怎么还(?:没|不)(?:到|来)"
)
# Who thanks for help that came tells of what is over, unless somebody is still to come.
_CALLS = re.compile(r"快来|快点|请帮|帮帮|派人|来人|正在|还在|现在|救救|赶紧|赶快|马上")
_HELPED = re.compile(
    r"救出|救了|扑灭|灭了|送.{0,4}医院|找回|找到|及时|很快|赶到|就(?:到|来)了|处理好|解决了|帮|好心|热心|"
    r"脱险|平安|得救"
)
_THANKED = re.compile(r"感谢|谢谢|表扬|点赞|锦旗|致谢|好评|多亏")
# A missing person who was found, and what is taken back, wherever it is said.
_FOUND = re.compile(
    r"找到了|已找到|找回|锦旗|(?:终于|成功|顺利)[^,。;!?\n]{0,4}找到|自己回来|回家了|平安回家|不用找了"
)
_TAKEN_BACK = re.compile(r"撤诉|撤单|撤销诉求|无[需须]处理|不用派人|不用来了|不用处理")
_NOW = re.compile(
    r"现在|正在|刚刚?|又|还在|仍|今天|今晚|今早|马上|快来|赶紧|目前|至今|此刻|再次|依然|埋了人|埋着|压着|没救出|救不出"
)
# A question about a service, whether or not it ends in a mark: 哪里可以买燃气灶, 燃气表怎么过户.
# But 怎么办 is a plea.
_ABOUT_SERVICE = re.compile(
    r"(?:怎么|如何|怎样|哪里|哪儿|在哪|去哪)(?:可以|能|才能|才)?(?:去)?"
    r"(?:过户|办(?=理|证|手续|卡|照|退|户|税|签|入)|申请|申领|买|购|交|缴|报装|开通|收费|预约|查|考|学|报名|领|参加|换(?!.{0,4}危险))|"
    r"多少钱|几点(?:上班|开门|关门|下班)|营业时间|需要(?:什么|哪些)(?:材料|手续|条件|证)"
)
# Who tells of what they sense or see does not only ask.
_SENSED = re.compile(
    r"闻到|闻见|听到|听见|看到|看见|发现|有人|有个|有股|一股|怪味|味道|正在|刚刚?|快来|赶紧|救|冒|漏|裂|塌|倒了|掉|"
    r"着了|烧|断|困|晕|疼|痛|流血|危险|出事|打不开|出不来|走丢|不见|往上窜|火光|嘶嘶|嗡嗡|滋滋|跳|卡住|喝了|吞|翻了|"
    r"孩子|小孩|老人|爸|妈|爷爷|奶奶|外公|外婆|儿子|女儿|老公|老婆"
)
_DEVICE_FAULT = re.compile(
    r"(?:烟感|感烟|探测器|报警器|传感器|监测仪|sensor|detector)[^。;!?\n]{0,24}?"
    r"(?:离线|掉线|失联|低电量|电量(?:低|[0-9]%)|欠压|没电|offline|low battery)"
)
# As far around its words is looked at; and so many times, of one row of the table, that came to nothing.
_AROUND, _IN_VAIN = 200, 8


@dataclass(frozen=True, slots=True)
class Alarm:
    """How pressing it is, by which danger, and the words of the table that say so."""

    urgency: str
    danger: str
    phrase: str


def find(text: str, nature: str | None = None) -> Alarm | None:
    """The most pressing alarm in `text` (in its normal form), the longest words of equals.

    A question or a suggestion alarms only where its speaker stands before the danger, praise not of what it
    is for. Of each row of the table the first emergency counts; words that were said
    often in vain are not looked at for ever.
    """
    said = _Said(text, nature)
    best: tuple[int, int] | None = None
    found: Alarm | None = None
    for row in _wanted(text):
        in_vain = 0
        for hit in row.hits(text):
            urgency, phrase = _weighed(said, hit, row), hit.phrase
            is_emergency = urgency == Urgency.EMERGENCY
            if urgency is not None and (best is None or (is_emergency, len(phrase)) > best):
                best, found = (is_emergency, len(phrase)), Alarm(urgency, row.danger, phrase)
            in_vain += not is_emergency
            if is_emergency or in_vain >= _IN_VAIN:
                break
    return found


def is_spoken_of(text: str) -> bool:
    """Are there words of danger in `text` (in its normal form), however they are said?"""
    return any(
        row.urgency == Urgency.EMERGENCY and next(row.hits(text), None) is not None for row in _wanted(text)
    )


def is_denied(text: str) -> bool:
    """Are there words of danger in `text` (in its normal form), all of them denied, prevented, over or
    practised? What is only asked about, supposed or told of long ago is not denied. A detector that is
    offline tells of itself, not of what it would warn of."""
    hits = [
        english.is_none(hit) if row.language.is_english else _is_none(hit)
        for row in _wanted(text)
        if row.urgency == Urgency.EMERGENCY
        for hit in islice(row.hits(text), _IN_VAIN)
    ]
    return all(hits) if hits else _DEVICE_FAULT.search(text) is not None


def is_only_asked(text: str, nature: str) -> bool:
    """Does `text` (in its normal form) only ask about a service or a rule? Who asks before what they smell or
    see (楼道有股怪味,这是什么?) tells of it."""
    if english.is_only_asked(text):
        return True
    if nature == Nature.HELP or _ABOUT_SERVICE.search(text) is None:
        return False
    return not (_SENSED.search(text) or english.SENSED.search(text))


def _is_none(hit: Hit) -> bool:
    before = hit.text[max(0, hit.start - _AROUND) : hit.start]
    after = hit.text[hit.end : hit.end + _AROUND]
    clause = _CLAUSE_END.split(before)[-1]
    if _PREVENTED.search(clause) or _is_denied(hit, clause) or _OVER.search(after):
        return True
    near = before[-_NEAR_UNREAL:] + hit.said + after[:_NEAR_UNREAL]
    return _NOT_REAL.search(_NAMED_SO.sub("", near)) is not None


def _wanted(text: str) -> list[Words]:
    """The rows of the tables of which all words occur."""
    return table(_DANGERS).wanted(text)


def _is_denied(hit: Hit, clause: str) -> bool:
    """Directly before the words, or between them: 电梯停用三天,没有困人."""
    if hit.said[0] in "被困受" and _NOBODY.search(clause):
        return True
    return _DENIED.search(clause) is not None or any(map(_DENIED_WITHIN.search, hit.gaps))


class _Said:
    """What a text says as a whole; each is looked for once, however many words of danger it has."""

    def __init__(self, text: str, nature: str | None) -> None:
        self.text = text
        self.is_praise = nature == Nature.PRAISE
        self.is_asked = nature in (Nature.ENQUIRY, Nature.SUGGESTION)

    @cached_property
    def is_now(self) -> bool:
        return _NOW.search(self.text) is not None

    @cached_property
    def is_found(self) -> bool:
        return _FOUND.search(self.text) is not None

    @cached_property
    def is_after(self) -> bool:
        return (_AFTERMATH.search(self.text) or _TAKEN_BACK.search(self.text)) is not None

    @cached_property
    def is_before_it(self) -> bool:
        return _PRESENT.search(_FORMULA.sub("", self.text)) is not None

    @cached_property
    def is_thanked_for(self) -> bool:
        if not self.is_praise or _CALLS.search(self.text):
            return False
        return _HELPED.search(without_courtesy(self.text)) is not None


def _weighed(said: _Said, hit: Hit, row: Words) -> str | None:
    """What is left of the alarm after how it is said: its urgency, less, or nothing."""
    if row.language.is_english:
        return english.weighed(hit, row.danger, row.urgency)
    text = said.text
    before = text[max(0, hit.start - _AROUND) : hit.start]
    after = text[hit.end : hit.end + _AROUND]
    clause = _CLAUSE_END.split(before)[-1]
    is_own_wish = row.danger == "suicide" and _OWN_WISH.search(clause) is not None
    sentence = _SENTENCE_END.split(before)[-1] + hit.said + _SENTENCE_END.split(after)[0]
    if _PREVENTED.search(clause) or _is_denied(hit, clause) or _OVER.search(after):
        return None
    if said.is_thanked_for or (said.is_praise and _THANKED.search(clause)):
        return None
    near = before[-_NEAR_UNREAL:] + hit.said + after[:_NEAR_UNREAL]
    if not is_own_wish and _NOT_REAL.search(_NAMED_SO.sub("", near)):
        return None
    if row.danger == "missing" and said.is_found:
        return None
    is_now = said.is_now or is_own_wish
    earlier = _SENTENCE_END.split(before)[-1]
    is_past = _PAST.search(earlier) or (row.danger != "missing" and _LATELY.search(earlier))
    if not is_now and (said.is_after or is_past):
        return None
    supposed = row.danger not in _NEVER_SUPPOSED and (
        _SUPPOSED.search(clause) or _SUPPOSED_WITHIN.search(hit.said) or _RISK.search(after)
    )
    if (said.is_asked or _ASKS.search(sentence)) and (supposed or not said.is_before_it):
        return None
    return Urgency.URGENT.value if supposed else row.urgency
