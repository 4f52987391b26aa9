"""Whether a message of a chat is a question that posts might answer, or chatter that a bot had better leave alone.

A question mark alone does not tell: every other question in chats lacks one, and "да ладно?" has one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from vitrina.posts.language import STOP_WORDS

LONGEST = 2_000
"""Characters of a message that are looked at: whoever asks does so sooner."""

PROBABLE = 0.5
"""Probability from which a message is held for a question."""


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _any_of(phrases: str) -> re.Pattern[str]:
    """A pattern of phrases that semicolons or line ends part; a blank within a phrase is any blank."""
    stripped = (phrase.strip().replace(" ", r"\s+") for phrase in re.split("[;\n]", phrases))
    return re.compile(rf"\b(?:{'|'.join(filter(None, stripped))})\b")


_INTERROGATIVES = _set_of(
    """
    что чего чему чем кто кого кому кем ком как какой какая какое какие какого какому каком каким какую каких какими каков какова
    каковы где куда откуда когда почему зачем отчего сколько скольки скольких чей чья чье чьи чьего насколько
    what who whom whose which when where why how
    """
)
_PREPOSITIONS = _set_of(
    "в во на с со из до от о об у к ко по при про за через для под над без около после in at on for to from of with"
)
_OPENERS = _set_of(
    """
    а и ну но же так еще кстати скажите может интересно пожалуйста плиз пж здравствуйте здрасте привет приветствую добрый доброе доброго день
    дня вечер вечера утро утра времени суток ребят ребята друзья люди народ всем коллеги админ админы девочки девчата парни вопрос
    тогда или если слушайте вообще hello hi hey guys please so and but ok well also
    """
)
_POSSIBLE = _set_of(
    """
    есть можно нужно надо обязательно будет будут бывает бывают возможно возможна возможен реально планируется остались работает
    работаете действует входит положено положена правда
    is are was were do does did can could will would should has have had may must isn't aren't don't doesn't can't
    """
)
_PEOPLE = _set_of("я мой моя мои ты тебя тебе тобой твой твоя твое твои он она они его ее их им мы нас нам you your he she they we")
_FEELING = _set_of("ну да и вот ой эх ах ох ага боже увы нет не эй oh")
_PARTICLES = _set_of("же ж уж вообще прямо наконец-то опять вечно бы хоть")

_REQUEST = _any_of(
    r"""
        подска[жз]\w+; расскажите; скажите; посоветуй\w*; порекомендуй\w*; напомни\w*; об[ъь]ясни\w*; уточни(?:те)?; поделитесь; помогите; напишите
        (?:ски|ки)ньте; скинь; дайте (?:\w+ ){0,2}(?:ссылк|номер|адрес|контакт|телефон|рецепт)\w*; пришлите; интересует; хо(?:чу|тел\w*|телось)(?: бы)? (?:у|по)?знать; можно (?:у|по)?знать
        не (?:могу|смог\w*) (?:найти|понять|разобраться); не наш(?:ла|ел); ищу; есть (?:ли )?инф\w+; у кого (?:\w+ )?есть
        кто(?:-нибудь|-то|-либо)? (?:\w+ ){0,2}(?:знает|знаком|подскажет|пробовал\w*|получ\w+|сталкив\w+|пользовал\w+|ставил\w*|покупал\w*|брал\w*|записывал\w+|был\w*|делал\w*|в курсе)
        не (?:знаете|подскажете|в курсе|помните); (?:any|some)(?:one|body) (?:know|tried|have)\w*; how to; tell me; looking for
    """
)
_NOT_ASKING = _any_of(
    r"""
        как (?:и|бы|раз|только|всегда|обычно|будто|правило|говор\w+|сообщ\w+|сказа\w+|пис\w+|пиш\w+|отме\w+|переда\w+|извест\w+|же)
        как (?:оказ\w+|выясн\w+|заяв\w+|счита\w+|расск\w+|утвержд\w+|показ\w+|следует|минимум|максимум|хорошо|приятно|здорово|я|по)
        что (?:касается|ж|ж тут|ни|угодно|называется|и); чем (?:больше|меньше|дальше); кто (?:что|как|куда|бы|о чем); кому (?:что|как)
    """
)
_RHETORICAL = _any_of(
    r"""
        как (?:дела|жизнь|так|можно|не стыдно); какая разница; какого (?:черта|хрена|фига); (?:кто|почему|где|откуда|кому|зачем) (?:бы|ж|это)
        с какой стати; в смысле; сколько можно; куда катится; что за (?:бред|чушь|ерунда|фигня|ужас); ну и что; то есть; (?:а|и) смысл
        (?:зачем|за что|почему|чего|что) (?:так|вы|ты|же|такие|такого|такое); (?:вы|ты) (?:что|чего|вообще|серьезно|точно|сам|сама)
        what a; who cares; why not; how (?:cool|nice|sad|dare); are you (?:kidding|serious); so what; what the
    """
)
_PAIRED = re.compile(
    r"\b(?:кто|что|сколько|как\w*|где|когда|чем)\b.*,\s*(?:и\s+)?(?:тот|тому|того|то|столько|так\w*|там|тогда|тем)\b"
)
_CLAUSE_OF_QUESTION = re.compile(r",\s*(?:если|когда|чтобы|что|котор\w+|пожалуйста|плиз|кроме|чем|или|где|if|when|or|that|which)\b")
_THANKS = re.compile(r"\b(?:спасибо\w*|спс|благодар\w+|thanks|thank|поздравля\w+|соглас\w+|поддерживаю|молодцы)\b")
_LAUGH = re.compile(r"\b(?:а?х[аеи](?:х[аеи]?)+|лол|lol|мда|ого|ура|ч[её]|wtf|omg|блин)\b|[\u2600-\u27bf\U0001f300-\U0001faff]")
_LINK = re.compile(r"(?:https?://|www\.|t\.me/)\S+|(?<!\w)@\w+|^/\w+(?:@\w+)?")
_INFINITIVE = re.compile(r"\b\w{2,}(?:ать|ять|еть|ить|оть|уть|ыть|сть|зть|йти|сти|чь)(?:ся)?\b")
_PAST = re.compile(r"\s*(?:(?:я|мы|он|она|они|вчера|сегодня)\s+)*\w{2,}(?:ал|ил|ел|ял|ыл)(?:а|и|о)?(?:с[ья])?\b")
_ASKS_AT_LAST = re.compile(
    r",\s*(?:\w{1,3}\s)?(?:что|как|куда|где|чего|кому|сколько|к кому)\s(?:\w+\s)?\w+(?:ать|ять|еть|ить|оть|уть|ыть|сть|йти|чь)(?:ся)?[?\s]*$"
)
_POLITE = re.compile(r"\b(?:пожалуйста|плиз|пж|please|здравствуйте|добрый|скажите)\b")
_AFTER_COMMA = re.compile(r",\s*(?:\w+\s)?\w+")
_SENTENCE = re.compile(r"(?:[^.!?…\n]|(?<=\w)[.](?=\w))+[.!?…)]*")
_MARKS = ".!?…) "
_TOKEN = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")


_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "asks what is possible": 3.3,
        "asks": 3.2,
        "requests": 3.0,
        "three words of content": 2.8,
        "opens with but": 1.9,
        "asks whether": 1.6,
        "asks at last": 1.5,
        "marked": 1.4,
        "asks later": 1.1,
        "asks how to": 0.6,
        "polite": 0.6,
        "opens with feeling": -0.4,
        "thanks": -0.6,
        "exclaims": -0.7,
        "opens with a past": -0.7,
        "particles": -0.7,
        "asks and goes on": -1.3,
        "speaks of people": -1.4,
        "no question": -1.5,
        "laughs": -1.8,
        "no content": -2.0,
        "rhetorical": -2.0,
        "ends with a stop": -2.2,
        "one word of content": -2.2,
    }
)
"""Log-odds.

From a logistic regression with an L2 penalty, rounded to a tenth. It has learnt from half of XQuAD's Russian and English
questions, as they stand and without capitals and question marks, from statements of half of fourteen Telegram channels, and
from the 161 questions and 302 lines of chatter that `tests/posts/lines_of_chats.py` holds, which count most.
"""

_INTERCEPT = -3.9


def question_probability(text: str) -> float:
    """How likely a message is a question that posts might answer; the surest of its sentences decides.

    Parameters
    ----------
    text
        A message, in Russian or English; beyond 2,000 characters nobody looks.

    Returns
    -------
    float
        0 to 1; 0 without any word, as of links, commands and pictures.

    Examples
    --------
    >>> question_probability("Здравствуйте! подскажите, когда откроется магазин на Ленина") > 0.9
    True
    >>> question_probability("ну и что?") < 0.2
    True
    """
    lower = _LINK.sub(" ", text[:LONGEST].lower().replace("ё", "е"))
    log_odds = [
        _INTERCEPT + sum(_WEIGHTS[feature] for feature in _features(sentence))
        for sentence in _SENTENCE.findall(lower)
        if _TOKEN.search(sentence)
    ]
    return 1 / (1 + math.exp(-max(log_odds))) if log_odds else 0.0


def is_question(text: str) -> bool:
    """Whether a message is more likely a question that posts might answer than anything else.

    Of 183 lines that the weights have not learnt from, 93 % of those that it holds for questions are, and it knows 90 %
    of the questions; of XQuAD's other half, 88 to 96 %; of statements in other channels' posts it takes 1.4 % for
    questions. It misses questions of few words ("во сколько салют"), and falls for rhetorical ones that name something.

    Parameters
    ----------
    text
        A message, as of `question_probability`.
    """
    return question_probability(text) >= PROBABLE


def _features(sentence: str) -> Iterator[str]:
    """Names of what holds of a sentence in lower case that has a word."""
    tokens = _TOKEN.findall(sentence)
    start = next((place for place, token in enumerate(tokens) if token not in _OPENERS), len(tokens))
    content = sum(token not in STOP_WORDS and token not in _OPENERS for token in tokens)
    marks = sentence[len(sentence.rstrip(_MARKS)) :]
    marked = "?" in marks
    otherwise = bool(_NOT_ASKING.search(sentence))
    asks = not otherwise and _opens_with_interrogative(tokens[start : start + 2])
    infinitive = bool(_INFINITIVE.search(sentence))
    aside = not marked and "," in sentence and not _CLAUSE_OF_QUESTION.search(sentence)
    requests = bool(_REQUEST.search(sentence))
    found = {
        "marked": marked,
        "ends with a stop": marks.startswith(".") and not marked,
        "exclaims": "!" in marks,
        "asks": asks,
        "asks how to": asks and infinitive,
        "asks and goes on": asks and aside,
        "asks later": not asks
        and not otherwise
        and not _INTERROGATIVES.isdisjoint(_TOKEN.findall(_AFTER_COMMA.sub("", sentence))[start + 1 :]),
        "asks whether": "ли" in tokens,
        "asks what is possible": not _POSSIBLE.isdisjoint((*tokens[start : start + 1], tokens[-1])),
        "opens with but": tokens[0] == "а",
        "opens with feeling": tokens[0] in _FEELING,
        "opens with a past": not marked and bool(_PAST.match(sentence)),
        "particles": not _PARTICLES.isdisjoint(tokens),
        "asks at last": bool(_ASKS_AT_LAST.search(sentence)),
        "polite": bool(_POLITE.search(sentence)),
        "requests": requests,
        "no content": content == 0,
        "one word of content": content == 1,
        "three words of content": content >= 3,
        "rhetorical": bool(_RHETORICAL.search(sentence)),
        "no question": otherwise or bool(_PAIRED.search(sentence)),
        "speaks of people": not _PEOPLE.isdisjoint(tokens),
        "thanks": not requests and bool(_THANKS.search(sentence)),
        "laughs": bool(_LAUGH.search(sentence)),
    }
    return (name for name, holds in found.items() if holds)


def _opens_with_interrogative(opening: list[str]) -> bool:
    """Perhaps behind a preposition: "с какого возраста"."""
    return bool(opening) and (opening[0] in _INTERROGATIVES or (opening[0] in _PREPOSITIONS and opening[-1] in _INTERROGATIVES))
