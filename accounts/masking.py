"""What in somebody's words belongs to a person: one rule for search, for excerpts, for paper, and a stricter
one for what is sent to a machine that is not ours."""

import re
from collections.abc import Callable, Collection, Iterator

# What stands between the groups of a number that is written in groups.
_GAP = r"[ \t\u3000.．·\-－‐-―()（）]{0,3}"
# A digit in any of the ways that it is written; \d has full-width ones too.
_DIGIT = r"[\d零〇一二三四五六七八九幺壹贰叁肆伍陆柒捌玖]"
# Telephones with and without a prefix, identity cards, accounts.
_NUMBER = re.compile(
    rf"""
    (?P<kept>
        # a case's own number
        (?<!\d) 20[0-9]{{2}} (?:0[1-9]|1[0-2]) (?:0[1-9]|[12][0-9]|3[01]) - [0-9]{{6}} (?!\d)
        # a day
        | (?<!\d) (?:19|20)[0-9]{{2}} ([-./]) (?:0?[1-9]|1[0-2]) \2 (?:0?[1-9]|[12][0-9]|3[01]) (?!\d)
        # a door: building, staircase, room
        | (?<![\d-]) [0-9]{{1,2}} - [0-9]{{1,2}} - [0-9]{{3,4}} (?![\d-])
    )
    # Digits alone go before digits and words: of "13812342207一直" the last character is no digit.
    | \d (?:{_GAP}\d){{10,}} [xX]?
    | [1１一幺壹] {_GAP} [3-9３-９三四五六七八九叁肆伍陆柒捌玖] (?:{_GAP}{_DIGIT}){{9}}
    | \d (?:{_GAP}\d){{6,}} [xX]?
    | (?<![周期拜第]) {_DIGIT} (?:{_GAP}{_DIGIT}){{6,}} [xX]?
    """,
    re.VERBOSE,
)
# Of a mobile alone, which begins as no room does.
_MOBILE = re.compile(
    rf"(?<!{_DIGIT})[1１一幺壹][3-9３-９三四五六七八九叁肆伍陆柒捌玖](?:[ \-]?{_DIGIT}){{9}}(?!\d)"
)
# Of a mobile or an identity card, whatever stands around it.
_WHOSE = re.compile(rf"{_MOBILE.pattern}|(?<!\d)\d{{17}}[\dXx](?![0-9A-Za-z])")
_GAPS = re.compile(r"[^\dxX零〇一二三四五六七八九幺壹贰叁肆伍陆柒捌玖]")
_IDENTITY_LENGTH, _MOBILE_LENGTH = 18, 11


def holds_personal(text: str) -> bool:
    """Does it have a number that belongs to a person?"""
    return any(not hit["kept"] for hit in _NUMBER.finditer(text))


def without(text: str, instead: str) -> str:
    """`text` with `instead` in place of every such number."""
    return _NUMBER.sub(lambda hit: hit["kept"] or instead, text)


def starred(text: str) -> str:
    """`text` with the middle of every such number starred, so that who knows it knows it again:
    138****2207."""
    return _NUMBER.sub(lambda hit: hit["kept"] or _star(_GAPS.sub("", hit[0])), text)


def telephone_starred(text: str) -> str:
    """`text` with the middle of mobile and identity numbers starred alone: in a heading that who works with
    the case reads too, the number of a lamp post or a meter stays."""
    return _WHOSE.sub(lambda hit: _star(_GAPS.sub("", hit[0])), text)


def _star(number: str) -> str:
    if len(number) < _MOBILE_LENGTH:  # a land line: little of it must show
        return f"****{number[-2:]}"
    return f"{number[: 6 if len(number) == _IDENTITY_LENGTH else 3]}****{number[-4:]}"


_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][·•.\s-]?[A-Z0-9]{5,6}(?![A-Z0-9])",
    re.I,
)
# Bounded, as addresses are: what runs on for ever would be tried from each of its letters.
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}", re.ASCII)
_ACCOUNT = re.compile(r"(?:微信号?|QQ号?|VX|wechat)[::是\s]*[A-Za-z0-9_-]{5,}", re.I)
# A building, staircase and room in any of the ways that they are said.
_DOOR = re.compile(
    r"(?:[0-9A-Za-z一二三四五六七八九十]{1,4}(?:栋|幢|座|号楼|单元|梯)){0,3}[0-9A-Za-z一二三四五六七八九十零〇]{1,5}(?:室|房(?![东租屋产价子管])|户(?![外口型籍主居人]))"
    r"|(?<![\d-])[0-9]{1,2}-[0-9]{1,2}-[0-9]{3,4}(?![\d-])"
)
# A number behind a building, a staircase or a floor is a room, said so or not; a count of something is none.
_ROOM_OF = re.compile(
    r"(?:[0-9０-９A-Za-zＡ-Ｚ一二三四五六七八九十]{1,4}[\s]?(?:栋|幢|座|号楼|单元|梯|楼|层|号(?!线)|#)[\s\-－—,，]{0,2}){1,4}"
    r"(?:[A-Za-z]?[0-9０-９]{3,4}[A-Za-z]?|[一二三四五六七八九零〇]{3,4})(?:号?[室房]|号)?"
    r"(?![0-9０-９零〇一二三四五六七八九十百千万]|\s*(?:年|天|点|多|余|来|米|个|户|人|块|元|次|车|辆|路|线|件|台|斤|吨|平|小时|分|秒|伏|[mkMK]|V|cm|公))"
)
_LIVES_AT = re.compile(
    r"(?P<before>住在?\s?)[0-9０-９]{3,4}(?![0-9０-９]|\s*(?:年|天|多|余|米|个|户|人|块|元|平))"
)
_ENGLISH_DOOR = re.compile(r"\b(?:room|flat|apartment|apt)\.?\s*(?:no\.?\s*)?#?[0-9][0-9A-Z-]{0,6}\b", re.I)
# Of two characters: a name with one of them has up to four.
_LONG_SURNAMES = "欧阳|上官|司马|诸葛|夏侯|皇甫|尉迟|公孙|慕容|令狐|司徒|端木|长孙|宇文|司空"
_NAMED = re.compile(
    r"(?P<before>姓名|名字(?:叫|是)|我叫|我是(?=[\u4e00-\u9fff]{2,3}[,，。,])|本人(?:叫|是)?(?=[\u4e00-\u9fff]{2,3}[,，])|联系人|户主|当事人|报警人|投诉人|举报人|名叫|叫做)"
    rf"(?P<gap>[::为是\s]*)(?P<name>(?:(?:{_LONG_SURNAMES})[\u4e00-\u9fff]{{2}}|[\u4e00-\u9fff]{{2,3}})(?=[,，。;；、\s(（]|$|电话|手机|身份证|住))"
)
SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜"
    "范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_TITLED = re.compile(
    rf"[{SURNAMES}](?:某某?|[\u4e00-\u9fff]{{0,2}}?)(?=先生|女士|小姐|太太|阿姨|大爷|奶奶|老师|医生|师傅|同学)"
)

# Characters that given names are made of: behind a surname, and where somebody is spoken of, they are a name.
_GIVEN = (
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂德华国建文志小晓海玉红春梅兰凤荣萍燕玲珍辉鹏飞宇浩浩然雪琳颖莉慧婷婷雯欣怡佳嘉"
    "俊峰波斌彬健康宏洪鸿东冬林森松柏龙虎永福贵祥庆祖光耀清诗琪琴琼瑞瑜瑶璐倩倪蕾薇蓉菲萌茜莹莲菊芬芝芸花香淑惠贞爱美娇媛妍婉"
    "子梓涵轩豪泽睿哲诚信仁义礼智忠孝宝金银银铁钢锋铭锦钧鑫长立成功胜凯旋大少元世家兴旺盛昌学民生云雨雷震晨阳晖旭昊昕晶星月亮"
    "天一凡思远航帆翔鹤良善正直真新友亚伊依若如心悦乐安宁达贤才能进先启延廷树根水泉江河淼溪润泰山岳岩石磐顺利全权泓"
)
# Ordinary words and places that begin like a name.
_NO_NAMES = (
    "文明|文华|文化|文静|文学|文艺|黎明|高明|高超|高兴|高雅|高峰|高强|高新|高大|高能|高达|高水|高山|高铁|高层|高空|康乐|康复|龙华|龙岗"
    "|龙凤|龙江|龙泉|黄金|黄河|黄海|黄花|黄石|金华|金龙|金玉|金星|金海|金山|金银|金花|王国|韩国|万国|万达|万元|万一|万能|江山|江水"
    "|江河|江南|石林|石英|石山|石花|林海|林立|白云|白雪|白天|白玉|白花|白石|马云|马山|马鞍|马达|方志|方正|方才|方家|方大|常家|常平|常青"
    "|周生|周一|于一|于天|于阳台|于山|于河|于江|于玉|于家|方先|方能|周才|周能|周全|周成|周天|任一|毛利|毛孔|毛石|万家|万安|万象|何家|何能|何如|何一|陆家|陆安|陆河|段家|许家|许诺|许愿|余光|余家|钱家|钱权"
    "|张家|李家|王家|刘家|陈家|杨家|黄家|石家|汤泉|田家|田地|夏天|夏一|武安|贾家|史家|孔雀|康宁|康健|雷雨|雷达|雷电|雷震|水泉|曾一"
    "|程序|程家|范家|戴家|唐家|江家|江东|马家|马大|林家|林大|丁一|丁字|任家|梁家|毛巾|苏家|高一|高中|高三"
)
_NO_PLACE = (
    r"(?![\u4e00-\u9fff]{0,2}(?:花园|小区|社区|广场|大厦|中心|公司|学校|派出所|山庄|工业|市场|公寓|酒店|新村|大道|地铁|公园))"
    r"(?![路街村苑湾城园巷站桥河山厂店县市区镇府庭阁轩居])"
)
_A_NAME = (
    rf"(?!{_NO_NAMES})(?:(?:{_LONG_SURNAMES})[{_GIVEN}]{{1,2}}|[{SURNAMES}][{_GIVEN}]{{1,2}}){_NO_PLACE}"
)
# Who is named behind these: a role with a name, a door's own, what somebody is called.
_SPOKEN_OF = re.compile(
    rf"(?P<before>邻居|业主|住户|租户|租客|房东|房客|屋主|居民|村民|店主|老板|老板娘|车主|司机|保安|老人|男子|女子|姓名|名叫|名字|我是|我叫|叫做?"
    rf"|孩子|儿子|女儿|老公|老婆|丈夫|妻子|爸爸|妈妈|父亲|母亲|[\]\d室房户栋楼号座单元家店]的|的(?={_A_NAME}(?:[,，。;；、！!？?\s]|$)))"
    rf"(?P<gap>[:：是叫\s]{{0,2}})(?P<name>{_A_NAME})"
)
_SPEAKS = re.compile(
    rf"(?<![对双甲乙丙买卖校院厂官警军各两三四五六七八九十一几半每上下本])(?P<name>{_A_NAME})(?=报(?![纸刊废销亭名刷])|反映|称(?![重])|说(?![明])|诉|投诉|举报|来电|致电|打电话|打来|告知|表示|描述)"
)
_SURNAME_SAID = re.compile(rf"(?P<before>姓)(?P<gap>)(?P<name>[{SURNAMES}])(?=[的,，。;；、\s]|$)")
_ENGLISH_WORD = r"[A-Z](?:['’][A-Z])?[a-z]+(?:-[A-Z][a-z]+)?"
_NO_ENGLISH = (
    r"(?!(?:[A-Z][a-z]+\s+){0,2}(?:Road|Street|Avenue|Garden|Gardens|Park|Community|Building|Tower|Block|Plaza|Square|"
    r"Station|School|Hospital|Market|Village|Bus|Lane|Mall|Centre|Center|District|Estate|Company|Hotel|The|This|There|In|At|On|Not|Very|So|From|And|To|For|With|Is|No)\b)"
)
_ENGLISH_NAMED = re.compile(
    r"(?P<before>\b(?i:neighbou?r|mr|mrs|ms|miss|dr|my name is|name is|name|named|called|i am|i['’]m|"
    r"this is|landlord|landlady|tenant|owner|contact|reported by|from mr|ask for)\b\.?)"
    r"(?P<gap>,?:?\s+(?:(?:is|called|named)\s+)?)"
    rf"{_NO_ENGLISH}(?P<name>{_ENGLISH_WORD}(?:[ ]{_ENGLISH_WORD}){{0,2}})"
)
_ENGLISH_SPEAKS = re.compile(
    rf"\b{_NO_ENGLISH}(?P<name>{_ENGLISH_WORD}[ ]{_ENGLISH_WORD})"
    r"(?=\s+(?:reported|reports|says|said|complained|complains|told|wrote|writes)\b)"
)


def for_others(text: str, known: Collection[str] = ()) -> str:
    """`text` without what would tell a stranger who it is about: numbers, plates, accounts, doors, names.

    `known` are the reporter's own name, numbers and address, where they are known: they go wherever they
    stand. What is left still says what happened, and in which estate or road. A rule knows names by what
    stands beside them and by the characters they are made of, and not every one: a person reads as well.
    """
    return _masked(text, known)[0]


def found_in(text: str, known: Collection[str] = ()) -> list[str]:
    """What `for_others` would take out of `text`, in the order of the rule."""
    return _masked(text, known)[1]


def _masked(text: str, known: Collection[str]) -> tuple[str, list[str]]:
    found: list[str] = []
    for word in sorted((word.strip() for word in known if len(word.strip()) > 1), key=len, reverse=True):
        if word in text:
            found.append(word)
            text = text.replace(word, "[…]")
    for pattern, instead in _rules():

        def replaced(hit: re.Match[str], instead: Callable[[re.Match[str]], str] = instead) -> str:
            told = instead(hit)
            if told != hit[0]:
                found.append((hit.groupdict().get("name") or hit[0]).strip())
            return told

        text = pattern.sub(replaced, text)
    return text, found


def _rules() -> Iterator[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]]:
    """Each pattern, and what stands in its place."""
    yield _PLATE, lambda hit: "[车牌]"
    yield _MAIL, lambda hit: "[邮箱]"
    yield _ACCOUNT, lambda hit: "[账号]"
    # Before rooms: of what is long enough to be a telephone number, no part is a room.
    yield _MOBILE, lambda hit: "[号码]"
    yield _ROOM_OF, lambda hit: "[门牌]"
    yield _DOOR, lambda hit: "[门牌]"
    yield _ENGLISH_DOOR, lambda hit: "[门牌]"
    yield _LIVES_AT, lambda hit: f"{hit['before']}[门牌]"
    for pattern in (_NAMED, _SPOKEN_OF, _ENGLISH_NAMED):
        yield pattern, lambda hit: f"{hit['before']}{hit['gap']}[姓名]"
    yield _SURNAME_SAID, lambda hit: f"{hit['before']}[姓]"
    yield _SPEAKS, lambda hit: "[姓名]"
    yield _ENGLISH_SPEAKS, lambda hit: "[姓名]"
    yield _TITLED, lambda hit: "[姓]"
    yield _NUMBER, lambda hit: hit["kept"] or "[号码]"
