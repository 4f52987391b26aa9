"""The published index, opened with the model of vectors and the thresholds that belong to it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from serving.bot.answers import Answerer
from serving.bot.index_watch import Load
from vitrina.settings import Settings

ANSWER_MODEL = "answer_model.json"


def load(settings: Settings) -> Load:
    """How an index is opened; the model of vectors is loaded once, with the first one.

    Parameters
    ----------
    settings
        The configuration.
    """
    from vitrina.posts import answering  # noqa: PLC0415  # heavy: only a bot that runs needs it
    from vitrina.posts.embedding import NAVEC, embedder  # noqa: PLC0415  # as above
    from vitrina.posts.search import SearchIndex  # noqa: PLC0415  # as above

    key, timeout_s = settings.posts_embedder_key.get_secret_value(), settings.posts_embedder_timeout_s
    vectors = embedder(settings.posts_embedder, key=key, timeout_s=timeout_s)
    fallback = embedder(NAVEC) if vectors.is_remote else None

    def opened(folder: Path, thresholds: Mapping[str, float]) -> Answerer:
        index = SearchIndex.open(folder, vectors, fallback)
        model = answering.AnswerModel.from_json((folder / ANSWER_MODEL).read_text(encoding="utf-8"))
        # a channel without a threshold of its own is held to the strictest
        common = max(thresholds.values(), default=answering.NEVER)
        return answering.Answerer(index, model, answering.Thresholds(common, thresholds))

    return opened
