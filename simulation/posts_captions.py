"""The captions of a cooking video: a few facts among much talk, as speech recognition writes them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simulation.posts_topics import facts_of
from simulation.posts_topics_others import KITCHEN

CHANNEL, VIDEO, DAY = "kuhnya_lukoshka", "abcdefghijk", dt.date(2026, 1, 15)
CUE_SECONDS = 6
FACT_EVERY = 9
"""Every so many cues one states a fact."""

_TALK = (
    "всем привет с вами кухня лукошка", "сегодня у нас особенный день", "за окном метель а у нас тепло", "руки помыли фартук надели",
    "посмотрите какая красота", "можно позвать детей им понравится", "я люблю делать это под музыку", "не торопитесь всё получится",
    "запах стоит на весь дом", "бабушка делала точно так же", "пишите в комментариях как готовите вы", "теперь самое интересное",
    "вот так аккуратно защипываем край", "если порвалось не беда", "раскладываем на доске чтобы не слиплись", "и снова немного муки",
    "попробуем что получилось", "ну просто объедение", "спасибо что были с нами", "до встречи в следующем выпуске",
)  # fmt: skip


@dataclass(frozen=True)
class Caption:
    """What is said from `start` to `end`, in seconds of the video; `intent` where it states a fact."""

    start: int
    end: int
    text: str
    intent: str | None


def simulate_captions(rng: np.random.Generator) -> tuple[Caption, ...]:
    """The captions of the video: all facts of `KITCHEN`, each once, in order, among talk."""
    facts = {FACT_EVERY * (place + 1): fact for place, fact in enumerate(facts_of(rng, KITCHEN))}
    cues = FACT_EVERY * (len(facts) + 1)
    captions = []
    for cue in range(cues):
        fact, start = facts.get(cue), cue * CUE_SECONDS
        said = _TALK[cue * (len(_TALK) - 1) // (cues - 1)] if fact is None else fact.statement(0).lower()
        captions.append(Caption(start, start + CUE_SECONDS, said, None if fact is None else fact.intent))
    return tuple(captions)


def write_captions(folder: Path, captions: tuple[Caption, ...]) -> Path:
    """Write the captions as WebVTT, named as download tools name them: day, video, language."""
    path = folder / CHANNEL / f"{DAY:%Y%m%d}_{VIDEO}.ru.vtt"
    cues = [f"{_clock(cue.start)} --> {_clock(cue.end)} align:start position:0%\n{cue.text}\n" for cue in captions]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["WEBVTT\nKind: captions\nLanguage: ru\n", *cues]), encoding="utf-8")
    return path


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.000"
