"""Words and patterns: how numbers, names, bounds, questions and answers are said. The rules go by them."""

from __future__ import annotations

import re
from collections.abc import Mapping

TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
NUMBERS = {
    word: number
    for number, word in enumerate(f"one two three four five six seven eight nine {TEENS}".split(), 1)
}
NUMBERS |= {word: 10 * number for number, word in enumerate(TENS, 2)}
NUMBERS |= {"a dozen": 12, "dozen": 12, "a hundred": 100, "twice": 2, "zero": 0}

_ORDINALS = re.findall(r"\w+", "second third fourth fifth sixth seventh eighth ninth tenth")
ORDINALS = {word: number for number, word in enumerate(_ORDINALS, 2)}

SPELLED = {
    "\u2019": "'",
    r"\b(do|does|did|is|are|was|wo|ca|should|could|has|need)nt\b": r"\1n't",
    r"(?<![\w,])(?<!\d\.)0,(?=\d+(?!,?\d|\.\d))": "0.",
    r"(?<=\d),(?=\d{3}\b)": "",
    r"(?<=\d) ?[*x] ?10(?:\^|\*\*)(?=[-+]?\d)": "e",
    r"(?<![\w.*^])10(?:\^|\*\*)(?=[-+]?\d)": "1e",
    r"(?<=\d) thousand\b": "k",
    r"\b(?:a )?couple\b(?! (?:of )?dozen)(?: of)?": "2",
    r"\btrails\b": "trials",
    r"\bn(?:_trials)? ?= ?(?=\d)": "run ",
    r"\bw/o\b": "without",
    r"\b(?:btw|b/w)\.?(?= [\d.])": "between",
    r"\bw/?(?= )": "with",
    "\u2026": "..",
    r"\b(?:three|3) quarters of an hour\b": "45 minutes",
    r"\b(?:a )?quarter of an hour\b": "15 minutes",
    r"(?<!and )(?<!and a )\b(?:half an hour|half hour)\b": "30 minutes",
    r"(?<=[a-z])@(?=\d)": " @ ",
    r"\b(?:an?|one) (?=hour|minute|more\b|and a half hour)|(?<!s )\b(?:an?|one) (?=trial|run\b)": "1 ",
    r"\b(run|do) one(?=[.!]?$)": r"\1 1 trial",
    r"(?<=\d) more (?=(?:hour|min|sec)[a-z]*\b)": " ",
}
HOURS = (
    r"\b(\d+) (?:hours?|hrs?),? (?:and )?(?:(\d+) (?:minutes?|mins?)|(?:a )?half)\b"
    r"|\b(\d+) and (?:a )?half (?:hours?|hrs?)\b"
)
"""Hours with minutes, or with a half."""

_SHOULD = r"\b([a-z]\w*) (?:should|must|has to|needs to) (?:go|get|come|be|become)(?: as)?"
WISHED = {
    rf"{_SHOULD} (?:down|low|lower|lowest|small|smaller|smallest)(?: as possible)?\b": "minimize",
    rf"{_SHOULD} (?:up|high|higher|highest|large|larger|largest)(?: as possible)?\b": "maximize",
    r"\b(?:the )?([a-z]\w*) (?:is what )?(?:counts|matters)(?:,? (?:and )?not (?:the )?\w+)?(?=[.,!]|$)": "",
}
"""How it is said which metric counts, without the word for it; the name is that of a metric."""

SPOKEN: Mapping[str, tuple[str, ...]] = {
    "learning rate": ("lr", "eta", "learning_rate", "step_size", "learning_rate_init"),
    "batch size": ("batch_size", "bs"),
    "weight decay": ("weight_decay", "wd", "l2", "alpha"),
    "deeper trees": ("max_depth", "depth"),
    "trees": ("n_estimators", "max_iter"),
    "layers": ("num_layers", "n_layers"),
    **dict.fromkeys(("hidden units", "hidden size", "units", "neurons"), ("hidden", "hidden_size", "units")),
    "epochs": ("epochs", "n_epochs", "num_epochs"),
    "epoch": ("epochs", "n_epochs", "num_epochs"),
}
"""What people call parameters that go by another name in a program."""


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z']+", text))


FILLERS = _words(
    """a an the please pls plz ok okay so well now just then and also hey hi hello thanks thank great good
    nice right alright too ah oh hm hmm there thx ty"""
)
"""What means nothing by itself."""

MARKING = "additional further trials experiments tokens number maximum minimum between altogether seeds"
"""Words that marks go by, as far as they are often misspelled."""

POLITE = (
    r"(?:ok|okay|so|well|now|hey|hi|please|and|also|then|but|alright|right|great|actually)\b[,.!]?\s+"
    r"|i(?:'d| would) like (?:you )?(?:to )?|i want (?:you )?to |let(?:'s| us) "
)
REQUEST = (
    r"(?:could|can|would|will) (?:you|u|ya)(?: also)?(?: please)? (?!not\b|please)|can i (?:have|get|see) "
)
GO_ON = r"(?:please )?(?:don't|do not|dont|no) (?:stop|stopping|end|pause|quit)(?: (?:it|now|yet|here))*[.!]?"
"""What asks for nothing but to leave things running."""

CORRECTING = r"(?i)^\s*no\s*,\s*(?!i\b)(?=\w|/)"
"""What at the start says no to what was done before, and not to what follows: "no, depth 5"."""

NOTED = r"\W*(?:note|remark|remember|comment)\b(?: that|:|,)?\s*"
REMARKED = r"<T\d+> (?:looked|looks|seemed|seems)\b[a-z' -]*"
PARTS = (
    r"(?<=[a-z0-9)].)(?<=[.!?])\s+|;\s*|\n+|\s+[+&]\s+|,?\s+(?:and\s+)?then\s+|,\s+(?:and\s+|but\s+)?|:\s+"
    r"|\s+-+\s+|\s+(?:and|but|however|though|while)\s+|\s+(?=\()"
    r"|\s+(?=(?:for|in|within) (?:\d+ ?|an? |one |half an )(?:h|min)\w*\b)"
)
"""Where a text may be split."""

AFTER = (
    r"\b(?:then|afterwards?|after (?:that|this|them)"
    r"|(?:when|once) (?:that|they|it|these)(?:'s| is| are) (?:done|over|finished))\b"
)
"""What says that something is to wait for what was said before it."""

HYPOTHETICAL = (
    r"(?:what (?:if|would|happens)|should|would|could|suppose|if (?:i|we|you|one|it)\b|is it|do you think"
    r"|say (?:i|we)\b|before i|how would)\b"
)
"""What makes all of a sentence a question, wherever it is split."""

QUESTION = (
    rf"(?:(?!if\b){HYPOTHETICAL}|(?:what|which|who|how|why|when|where)s?\b|(?:do|have) (?:you|we|i|they)\b"
    r"|(?:is|are|was|were|does|did|has|can|any|you think|may|might)\b)"
)

ALWAYS = "always|a|yes always|always yes|always for this session|yes,? always.*|don't ask again"
_AGREED = (
    "(?:y|yes+|yea|yep|yup|yeah|sure|ok|okay|go|go ahead|go for it|fine|agreed|of course|definitely"
    "|absolutely|(?:looks|sounds) good|do (?:it|that|so))"
)
YES = rf"{_AGREED}(?:[,.!]? (?:{_AGREED}|(?:please|pls|plz)(?: do)?|then|now))*|(?:please|pls|plz)(?: do)?"
_REFUSED = (
    "(?:n|no+|nope|nah|cancel|stop|(?:don't|do not)(?: do (?:it|that))?|never ?mind|nvm|not (?:now|yet)"
    "|rather not|leave it(?: (?:as it is|alone|be))?|forget (?:it|that)|neither"
    "|none(?: of (?:them|these|those))?)"
)
NO = (
    rf"(?:(?:ok|okay|hm+|oh|sorry|well|actually),? )?{_REFUSED}"
    rf"(?:[,.!]? (?:{_REFUSED}|please|pls|thanks?|thx|thank you|then))*"
)
"""Answers to a card, and to what was meant: one word, or several that say the same."""

_OVER = r"(?:above|over|beyond|(?:more|greater|larger|higher|bigger) (?:than|then)|exceed|past|(?<![\d-])>)"
_UNDER = r"(?:below|under|(?:less|smaller|lower|fewer) (?:than|then)|beneath|<(?![A-Z]))"
_MAY = r"\b(?:can|could|may|might)(?: (?:also|even|well|now|go|be|get))+"
WIDER = "widen|extend|expand|allow|let|raise|increase|enlarge|relax|open up"
TIGHTER = (
    "narrow|restrict|limit|shrink|tighten|only|don'?t|do not|never|not|nothing|cap|(?:should|ca)n'?t|cannot"
)
ALSO = r"allow|extend|expand|add|also|as well|even|too(?=[ ,.!]*$)"
"""What adds to what is allowed now."""

LISTING = (
    r"(?:^|(?:,|\b(?:and|or|nor|also)|[/&])\s*(?:with\b)?)\s*(?:(?:the|not|no|nor|also|only|<P\d+>)\s*)*$"
)
"""What stands between things that are listed."""

AS_IN_BEST = (
    r"(?:(?<!is )(?<!'s )(?<!was )\b(?:in|of|from|at|to|as|like|with|the|its|their)"
    r"|\bwh(?:at(?:ever)?|ere it) (?:is|was|works?|worked)) (?:best|winner|winning)\b"
    r"(?! (?:to|if|of (?:my|our)|way|thing|idea|choice|guess|bet|practice|results?|scores?)\b)"
    r"|\b(?:best|winning) <P\d+>|\bwhat(?:ever)? (?:has )?won\b"
)
"""What says that a value is to be that of the best trial; "it is best to pin it" says no such thing."""

_EXCEPT = (
    r"(?:but(?! (?:with\w*|not?|never|do|don't|only|please|pin|set|keep|run|show)\b)|except(?: for)?"
    r"|other than|apart from|besides|save(?: for)?)"
)
_ALL = r"(?:all|every\w*|any\w*|whatever)(?: (?:the|others?|of them|options?|<P\d+>))*"
_SCOPE = r"\b(?:all|every\w*|any\w*|nothing|none|no \w+)\b"
EXCEPTING, ALL_BUT = rf"{_SCOPE}.*\b{_EXCEPT}\b", rf"{_SCOPE}(?: [a-z][\w-]*)?,? but\s+$"
_NAMED = r"(?:(?: (?:the|and|or|nor|with)|,)* ?<[POV]\d+>)+(?: (?:please|from now on))*"
_USE = r"(?:(?:please|just|only|use|try|take|allow) )*"
EXCEPTED = {
    "forbid": rf"{_USE}{_ALL} {_EXCEPT}{_NAMED}",
    "drop": rf"(?:tune|search|vary|optimi[sz]e)(?: over)? {_ALL} {_EXCEPT}{_NAMED}",
    "pin": rf"{_USE}(?:nothing|none|no other(?: <P\d+>)?) {_EXCEPT}{_NAMED}",
}
"""How all but some are wished for, and what that does to those; with other verbs it may be the opposite."""

_TUNED = r"(?<!not )(?:tun(?:e[ds]?|ing)|vary|varie[ds]|varying|search(?:e[ds]|ing)?|optimi[sz]\w+|explor\w+)"
_ONLY = r"(?:only|solely|exclusively|alone|nothing but)"
ONLY_TUNED = (
    rf"\b{_ONLY}\b.*\b{_TUNED}\b|\b{_TUNED}\b.*\b{_ONLY}\b|\bjust {_TUNED}\b|\b{_TUNED}(?: over)? just\b"
    rf"|^(?:(?:only|just)(?: the)?(?: <P\d+>| and|,| the)+|(?:<P\d+>|and|,|the| )+ (?:only|alone))$"
)
"""What is to be tuned, and nothing else."""

REVERSED = {
    ("pin", "narrow"): (
        r"\b(?:need(?:s)? ?n(?:ot|'t)|no need|not (?:necessary|needed)|(?:do|does)n't (?:have|need) to)\b"
        r"|\bno (?:reason|need|point)\b.* (?:keep|stay|hold|limit|restrict|remain|be)\b"
    ),
    ("forbid",): (
        r"(?:\b(?:no longer|not?|never)|n't)\b.*\b(?:avoid|forbid|exclud|ban|reject|rul\w+ out)\w*"
    ),
    ("pin",): r"\bonly\b.*(?:\bnot\b|\bnever\b|n't\b)",
}
"""Words that make a wish the opposite of what it would be without them, by commands."""

OF_SOME_TRIALS = r"\btrials?\b.*\b(?:left|remain\w*|to go|propos\w+|suggest\w+|by the model)\b"
"""What is asked of some trials only."""

NEXT_BEST = r"\b(?:second|third|next|2nd|3rd)[ -]best\b"

_BEFORE = r"\s+(?:(?:the|<[PQ]\d+>)\s*)*<[VO](\d+)>"
_CHANGE = "from|chang(?:e|ing)|replac(?:e|ing)|switch|swap|move|turn|convert"
REPLACES = rf"\b(?:{_CHANGE})\b(?:[^<]|<[PQ]\d+>)*<[VO](\d+)>\s+(?:to|into|by|with|for){_BEFORE}"
IN_PLACE = rf"<[VO](\d+)>,? (?:inst\w{{1,3}}d of|rather than|in place of){_BEFORE}"
"""One value in place of another: first the old one, or first the new one."""

_PERCENT = r"\s*(?:%|per ?cent\b)"
LISTED = rf"(?<!\w)(?<!\w\.)[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?k?(?![\w]|\.\d)(?!{_PERCENT})"
NUMBER = rf"(?<!\d,)(?<![*^]){LISTED}(?!,\d|[\^\u207b]|\*\*)"
"""A number by itself; what follows another at a comma, as in "3,7", may be listed or a part of it."""

_DIGITS = r"\d*\.?\d+"
HUNDREDTHS = (
    rf"(?<!by )(?<![\w.])(?:(?P<both>between\s+)?(?P<low>{_DIGITS})(?:{_PERCENT})?"
    r"(?P<to>\s*(?:\.\.+|[-\u2013]|\b(?:to|until)\b)\s*|(?(both)\s+and\s+|(?!))))?"
    rf"(?P<high>{_DIGITS}){_PERCENT}(?!\s+(?:of|more|less|higher|lower|larger|smaller|bigger)\b)"
)
"""A share, which is no step: "by 10 %" and "10 % more" are."""
SHARE = rf"{_DIGITS}{_PERCENT}"

_INTEGER = r"(?<![\w.-])-?\d+(?![\w]|\.\d)"
_TRIALS = r"(?:trials?|runs?|experiments?|evaluations?|times|iterations?|of (?:these|those|them))\b"
_MORE = r"(?:more|further|additional|extra)"
TRIAL = (
    r"(?:\b(?<!each )(?<!every )(?<!all )(?<!per )"
    r"(?:trials?|numbers?|n[ro]\.|nr|attempt|run #)\s*(?:number )?#?|#)"
    r"(\d+)\b(?!\.\d|\s*(?:more|trials|<))"
    r"|\b(\d+)(?:st|nd|rd|th) (?:trial|run|one|attempt)"
)
_COUNTING = r"(?:first|last|latest|newest|best|top|worst)"
COUNTED = (
    rf"\b{_COUNTING} <N(\d+)>|<N(\d+)> {_COUNTING}\b"
    rf"|^[^<]*\b(?:the|these|those) <N(\d+)>(?! {_COUNTING})[^<]*$"
)
"""What makes a number how many trials, and no trial's own; the last only where it is 2."""

REST = (
    r"\b(?:rest(?! (?:like|as|same|is|stays))|remaining|what'?s left|left|planned (?:trials|ones)"
    r"|all(?: the)?(?= \d))(?: of (?:the |them )?(?:\d+)?| \d+)?"
)
_TOTAL = (
    r"(?:total|all? ?together|overall|in all(?! \w)|in sum|counted in|incl\w*|are done"
    r"|(?:at|in) the end|count)\b"
)
TOTAL = (
    r"\b(?:(?:till|until|up to|count to|reach|make it) )?(?:there are |we have )?"
    rf"(?:the )?(\d+)(?: {_TRIALS})?,?(?: (?:in|with|all|the))*? {_TOTAL}"
    rf"|\b(?:count|number|total)(?: of {_TRIALS})? (?:up )?(?:to|at|is) (\d+)"
    rf"|\b(?:till|until) (?:there are |we have )?(?:the )?(\d+) {_TRIALS}"
)
TIMES = (
    r"(?<![\w.])(\d+) ?x(?!\w)|(?<!\w)x ?(\d+)(?![\w.])|\b(\d+) (?:re)?(?:runs|repeats|repetitions|goes)\b"
)
SAID_MORE = rf"({_INTEGER})(?: {_MORE}| up to)*(?: {_TRIALS}| {_MORE}\b)(?: {_MORE}\b)?"
AFTER_VERB = (
    r"\b(?P<keep>run|do|another|next|further|extra|on with|continue with)(?: for)?(?: up to)? "
    rf"({_INTEGER})(?!\s*[:=<])"
)
TAKEN_BACK = (
    rf"{NUMBER}((?: (?:more|trials|runs|please))*)(?:[\s,.-]+(?:no|wait|sorry|h+m+|ah|i mean|make (?:that|it)"
    rf"|rather|let'?s|say|excuse me|actually|nope|pardon|scratch that)\b)+[\s,-]+({NUMBER})"
)
REPLACED = rf"({NUMBER}(?: [\w-]+)?),? \(?(?:inst\w{{1,3}}d of|rather than|not|and not)(?: all)? {NUMBER}"

_NOT = (
    r"(?:never|not?|don't|nothing|(?:should|must|ca)n't|cannot|without|avoid)"
    r"(?: (?:go(?:ing)?|be|use|let|it|get|set|the|try|more|<P\d+>))*"
)
_GAP = (
    r"(?:\s+(?:the|an?|o[fn]|for|to|at|is|be|with|by|go|use|let|it|set|limit|value|<[PQ]\d+>)|\s*[@=:])*\s*"
)
_HIGHEST = (
    r"(?:\b(?:up to|until|till|as (?:far|high) as|at most|max(?:imum)?|ceiling|cap(?:ped)?"
    r"|upper (?:end|limit|bound))|<=)"
)
_LOWEST = (
    r"(?:\b(?:down to|as low as|start(?:s|ing)? (?:from|at)|at least|min(?:imum)?|floor"
    r"|lower (?:end|limit|bound))|>=)"
)
RANGE = (
    rf"(?:between|within|to)\s+({NUMBER})\s+and\s+({NUMBER})"
    rf"|(?:\bfrom )?({NUMBER})\s*(?:\.\.+|[-\u2013]|\b(?:to|until|till)\b)\s*({NUMBER})"
)
_NEVER = rf"(?:{_NOT}|(?<!keep )\b(?:any|every)thing)"
_WITH_NAME = rf"({NUMBER})(?: <[PQ]\d+>)?,? "
MORE_THAN, LESS_THAN = rf"{_OVER}{_GAP}({NUMBER})", rf"{_UNDER}{_GAP}({NUMBER})"
MAY_BE_MORE, MAY_BE_LESS = rf"{_MAY} {MORE_THAN}", rf"{_MAY} {LESS_THAN}"
ENDS = (
    (rf"\blimit(?:ed)? (?:the )?<P\d+> to ({NUMBER})", True),
    (rf"{_NEVER} {_OVER}{_GAP}({NUMBER})", True),
    (rf"{_NEVER} {_UNDER}{_GAP}({NUMBER})", False),
    (rf"{_HIGHEST}{_GAP}({NUMBER})(?: at (?:the )?max(?:imum)?| at most)?", True),
    (rf"{_LOWEST}{_GAP}({NUMBER})", False),
    (rf"{_WITH_NAME}(?:at (?:the )?most|(?:at )?(?:the )?max(?:imum)?|tops|or less|or below)\b", True),
    (rf"{_WITH_NAME}(?:at least|at (?:the )?min(?:imum)?|or more|or above)\b", False),
    (MAY_BE_MORE, True),
    (MAY_BE_LESS, False),
    (MORE_THAN, False),
    (LESS_THAN, True),
)
"""How one end of a range is said, and whether it is the upper one; "not above 6" before "above 6"."""

_METRIC = (
    r"(?:the |its |my )?(?!(?:the|its?|me|us|you|my|our|this|that|them|these|both|all|everything"
    r"|should|be|as|best"
    r"|lowest|highest|more|less|not|instead)\b|hyper|parameters|settings|values|<)([a-z_][\w/@^-]+)"
)
GOALS = {
    rf"\b(?P<keep>minimi[sz]e|minimi[sz]ing|lowest) {_METRIC}": "minimize",
    rf"\b(?P<keep>maximi[sz]e|maximi[sz]ing|highest) {_METRIC}": "maximize",
    rf"\b(?:lower|smaller) {_METRIC}(?P<keep> is better)": "minimize",
    rf"\b(?:higher|larger) {_METRIC}(?P<keep> is better)": "maximize",
    rf"\b(?P<keep>goal|metric|objective)(?: is| to| should be|:)? {_METRIC}": "",
}
LOOSE_GOAL = rf"<F\d+> (?P<keep>for|to) (?:the )?(?:best )?{_METRIC}|\bbest {_METRIC}(?= out of)"
"""It is one only if its word is a metric's: one also tunes for a friend."""

_LINK = (
    r"(?:\s*(?:[=:@(]|->)|\s+(?:to|at|is|was|were|be|as|o[nf]|(?P<keep>should|around|about)|the"
    r"|fix(?:ed)?|set|value))*\s*"
)
LOOSELY_GIVEN = (
    rf"<[PQ](\d+)>(?:\s+(?:(?P<keep>only)\b"
    rf"|(?!(?:and|but|then|or|for|than|run|do|with|after|in|by|not|never|cannot|between"
    rf"|[a-z]+n't)\b)[a-z'-]+)){{1,4}}\s+({NUMBER})"
    r"(?! (?:more|trials?|runs?|times|of|in a row))"
)
TOPIC_GIVEN = (
    rf"\b(?:it|that|this|them)\b(?: (?:to|at|on|be|rather))*\s+({NUMBER})(?! (?:more|trials?|runs?|times))"
)
OPTION_WORDS = rf"<P(\d+)>{_LINK}<O(\d+)>"
NOT_GIVEN = (
    rf"(<[PQ]\d+>)(?: (?:is|to|must|may|should|can))* (?:not|never|cannot|[a-z]+n't)(?: be)? ({NUMBER})"
)
GIVEN = rf"<[PQ](\d+)>{_LINK}({NUMBER}|true\b|false\b|(?<==)[\w.+-]+(?![\w.+-]|,\d|\^|\*\*))"
_ADD = r"\b(?P<keep>add|allow|include|offer|widen|extend)(?: also| the| options?| by)* "
MORE_OPTIONS = (
    rf"{_ADD}([\w, -]+?) (?:to|for|in) (?:the )?<P(\d+)>",
    rf"{_ADD}<P(\d+)> (?:with |by )?((?!again|back|please|to\b)[a-z][\w-]*(?:(?:, | and )[\w-]+)*)",
)
MORE_VALUES = (
    r"(?P<keep><V(\d+)>)\s*(?:,|,? (?:or|and)) <N(\d+)>"
    r"(?=\s*(?:$|[,.;!?<)]"
    r"|(?:and|or|only|please|too|also|as well|from now|better|is|are|now|any ?more|again)\b))"
)
"""What lists another number of a name; the one in "depth 4 and 2 workers" is how many of something."""
OFF = r"\b(?P<keep>drop(?:ped)?|without(?: any)?|no|kill(?:ed)?|leave out|turn(?:ed)? off) <P(\d+)>"
WITHOUT = r"(?:use )?(?:no|without(?: any)?) <P\d+> <S\d+>(?: (?:please|now|at all|any ?more|from now on))*"
"""What sets a parameter to 0, where it may be, and does not only leave it as it is."""
SMALLER = r"\b(?:(smaller|lower|less|fewer|shorter)|larger|higher|more|bigger|greater|longer) <P(\d+)>"
COLUMN = r"\b(?P<keep>predict(?:ing)?|target|column)(?: the)?(?: column)?[ =:]+([a-z_][\w.-]*)"
