"""How danger is told in English: what is denied, over, feared, practised or only asked about."""

import re

from dispatch.normalise.urgency_words import Hit
from dispatch.vocabulary import Urgency

_AROUND, _NEAR_UNREAL = 200, 26
_SENTENCE = re.compile(r"[!?;。\n]|\.(?=\s|$)")
_CLAUSE = re.compile(r"[,!?;。\n]|\.(?=\s|$)|(?<![a-z])but(?![a-z])")
# Directly before the words, or between them: no sign of, nobody is, it doesn't smell of.
_DENIED = re.compile(
    r"(?<![a-z])(?:no|not|never|without|nobody|no ?one|none|neither|nor|nothing|free of|stopped|"
    r"(?:is|are|was|were|do|does|did|has|have|had)n['’]?t)"
    r"(?: (?:any|a|an|the|more|longer|real|actual|visible|strong|signs?|smell|trace|of|at all|such|there|"
    r"been|"
    r"is|was|be|are|were|got|get|have|has|had|see|seen|hear|heard|smell(?:ed|s)?|smelt|notice[ds]?|find|"
    r"found|"
    r"one|gas|fire|or|people|person))*\s*$"
)
# Behind them. "Out of control", "over there" and "not found yet" tell the opposite.
_OVER = re.compile(
    r"^[^.!?;\n]{0,40}?(?<![a-z])(?:(?:is|are|was|were|been|now|all|already|finally|it['’]s)"
    r"(?: now| all| already| finally| completely| both| quickly)* (?:gone|over(?! (?:there|here|the|at|in|"
    r"my|our|to))|"
    r"put out|out(?! (?:of|there|here|in|on|at))|extinguished|found|rescued|freed|safe|back (?:home|now|"
    r"with)|fixed|repaired|solved|"
    r"resolved|cleared|under control|stopped)|no longer|went away|false alarm|turned out to be|(?:was|"
    r"were) (?:only|just)|"
    r"has gone|went out|only cooking|got (?:out safely|rescued|found|fixed|freed))(?![a-z])"
)
# Of somebody missing, wherever it is said.
_FOUND = re.compile(
    r"(?<!not )(?<!n['’]t )(?<!never )(?:been|was|were|is|got) found|found (?:him|her|them)(?![a-z])|"
    r"(?<!never )came (?:back|home)|"
    r"(?<![a-z])(?:is|are) (?:back|home|safe)(?![a-z])"
)
_PREVENTED = re.compile(
    r"(?<![a-z])(?:prevent(?:s|ing|ion)?|avoid(?:s|ing)?|protect(?:s|ed|ion)?(?: \w+)? (?:from|against)|"
    r"against|before|"
    r"so that no|forbid|prohibit(?:ed)?|ban(?:ned)?|beware of|be careful)(?![a-z])[^,.;!?\n]{0,30}$"
)
# "Could you come", "there may be people inside" and "as if" suppose nothing.
_SUPPOSED = re.compile(
    r"(?<![a-z])(?:(?<!as )if|in case of|in the event of|should (?:there|a|an|any)|what if|"
    r"(?:would|could|may|might|can)(?! (?:you|some|any|we|i|be|please|hear|see|smell|not|only|"
    r"have)(?![a-z]))(?!['’]t)|"
    r"will|(?:whenever|when(?! (?:i|we|he|she)(?![a-z])))(?= (?:i|you|we|there|the|a|an|"
    r"people|it)(?![a-z]))|worr(?:y|ied)|fear|risk of|"
    r"danger of|imagine|suppose|someday|"
    r"one day|sooner or later|almost|nearly|close to|easily|so (?:that|as) (?:we|"
    r"people))(?![a-z])[^,.;!?\n]{0,34}$"
)
_RISK = re.compile(
    r"^ ?(?:hazards?|risks?|dangers?|prevention|safety|precautions?|plans?|accidents? happen)(?![a-z])"
)
_PAST = re.compile(
    r"(?<!since )(?:yesterday|last (?:night|evening|week|weekend|month|year|summer|winter|spring|autumn|time|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday)|"
    r"(?:\d+|a|one|two|three|four|five|six|several|many|some|few) (?:days?|weeks?|months?|years?) ago|"
    r"in (?:19|20)\d\d|earlier this (?:week|month|year)|used to|long ago)(?![a-z])"
)
_LONG_AGO = re.compile(r"last (?:month|year)|(?:months?|years?) ago|in (?:19|20)\d\d|as a child|used to")
_NOW = re.compile(
    r"(?<![a-z])(?:right now|now|still|again|currently|at the moment|please come|come quick(?:ly)?|hurry|"
    r"help|asap|urgent(?:ly)?|"
    r"send (?:some|an|the|help|fire|police)|quick(?:ly)?)(?![a-z])"
)
_AFTERMATH = re.compile(
    r"compensat|insurance claim|lawsuit|sued?(?![a-z])|court|investigation|refund|reimburs|"
    r"who is responsible|who pays|"
    r"false alarm|no need to come|cancel (?:my|the|this) (?:report|call|request)|ignore (?:this|my)"
)
_THANKED = re.compile(
    r"thank(?:s| you)?(?![a-z])[^.!?\n]{0,60}?(?:put(?:ting)? out|rescu|sav(?:ed|ing)|free(?:d|ing)|found|"
    r"finding|having|"
    r"getting|who (?:came|helped))|(?:rescued|saved|found|helped)[^!?\n]{0,60}thank"
)
_UNREAL = re.compile(
    r"(?<!not a )(?<!no )drill(?!ing|er|ed)|exercise|simulat|training|first[ -]aid|lecture|seminar|lesson|"
    r"movie|film|video game|"
    r"insurance|prevention|awareness|campaign|posters?|leaflet|brochure|guideline|manual|rumou?r|hotline|"
    r"(?:signs?|notices?|signboards?|instructions?) (?:on|about|for|saying|telling)"
)
_NAMED_SO = re.compile(
    r"(?:movie|film|training|exercise|game|insurance)s? (?:theat|cent|hall|school|room|studio|arcade|"
    r"house|shop|"
    r"company|office|building|ground)\w*"
)
# Only the sentence's own shape asks; who also tells of somebody, or of what they see, stands before it.
_ASKS = re.compile(
    r"^\W*(?:please |pls |hi |hello |and |so )*(?:how|what|where|who|which|when|is it|are there|is there|"
    r"can|could|do|does|"
    r"would|i['’]?d like to know|i want(?:ed)? to (?:know|ask)|please tell|tell me|let me know)(?![a-z])|"
    r"like to know|want to know|how (?:to|do|can|should)(?![a-z])"
)
_PRESENT = re.compile(
    r"there['’]?s|there (?:is|are) (?!a number|any)|(?<![a-z])(?:my|our|someone|somebody|right now|now|"
    r"help|here|"
    r"(?:i|we) (?:smell|see|hear|can)|(?:is|are) (?:on fire|burning|trapped|stuck|drowning|bleeding|"
    r"leaking))(?![a-z])"
)
# What somebody senses, or that happens before them.
SENSED = re.compile(
    r"(?<![a-z])(?:there['’]?s (?!a (?:rule|form|law))|someone|somebody|smell\w*|stink\w*|hear|heard|"
    r"saw|see(?:n|ing)?|noticed|feel\w*|right now|happening|leak\w*|smok(?:e|es|ing|y)|burn\w*|"
    r"spark\w*|hiss\w*|stuck|trapped|broke\w*|crack\w*|fell|fallen|collaps\w*|hurt\w*|bleed\w*|"
    r"injur\w*|danger\w*|missing|help(?! desk)|hurry|emergency|out of|"
    r"my (?:son|daughter|child|children|kids?|baby|mother|father|mom|mum|dad|wife|husband|grand\w+))(?![a-z])"
)
_ALWAYS_MEANT = frozenset({"suicide", "violence"})


def is_none(hit: Hit) -> bool:
    """Is what the words say denied, prevented, over or practised?"""
    before = hit.text[max(0, hit.start - _AROUND) : hit.start]
    after = hit.text[hit.end : hit.end + _AROUND]
    clause = _CLAUSE.split(before)[-1]
    if _PREVENTED.search(clause) or _DENIED.search(clause) or any(map(_DENIED.search, hit.gaps)):
        return True
    if _OVER.search(_CLAUSE.split(after, maxsplit=1)[0]):
        return True
    near = _SENTENCE.split(before)[-1][-_NEAR_UNREAL:] + hit.said
    near += _SENTENCE.split(after, maxsplit=1)[0][:_NEAR_UNREAL]
    return _UNREAL.search(_NAMED_SO.sub("", near)) is not None


def weighed(hit: Hit, danger: str, urgency: str) -> str | None:
    """What is left of the alarm after how it is said: its urgency, less, or nothing."""
    text = hit.text
    before = text[max(0, hit.start - _AROUND) : hit.start]
    after = text[hit.end : hit.end + _AROUND]
    sentence = _SENTENCE.split(before)[-1] + hit.said + _SENTENCE.split(after, maxsplit=1)[0]
    said = text[max(0, hit.start - _AROUND) : hit.end + _AROUND]
    if is_none(hit):
        return None
    if danger == "missing":
        if _FOUND.search(said) or _LONG_AGO.search(sentence):
            return None
    elif not _NOW.search(said) and _PAST.search(sentence):
        return None
    if not _NOW.search(said) and (_AFTERMATH.search(said) or _THANKED.search(said)):
        return None
    clause = _CLAUSE.split(before)[-1]
    supposed = danger not in _ALWAYS_MEANT and (
        _SUPPOSED.search(clause) or any(map(_SUPPOSED.search, hit.gaps)) or _RISK.search(after)
    )
    if _is_asked(sentence, after) and (supposed or not _PRESENT.search(sentence)):
        return None
    return Urgency.URGENT.value if supposed else urgency


def is_only_asked(text: str) -> bool:
    """Does each sentence of `text` ask, and none tell of what is sensed?"""
    sentences = [sentence for sentence in _SENTENCE.split(text) if sentence.strip()]
    return bool(sentences) and all(map(_ASKS.search, sentences)) and SENSED.search(text) is None


def _is_asked(sentence: str, after: str) -> bool:
    end = _SENTENCE.search(after)
    return (end is not None and end[0] == "?") or _ASKS.search(sentence) is not None
