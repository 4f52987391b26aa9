"""How well posts are found by questions, and how well silence is kept, on real exports.

`python -m benchmarks.posts_quality --inbox FOLDER` reads every `FOLDER/*/result.json`. Folders that also hold a `questions.csv`
(``question``, ``post_id``) are searched for by these questions, each among the posts of all folders without one, as the bot
would: the same readers, passages, vectors, index and search. Russian questions are asked again with a slip in a quarter of
the longer words. For silence, the posts of every second question are withheld.

The constants of the search come from questions made from the channels' own posts. These questions were in view while that
was done, so this is no blind test: they decided the smoothing of word vectors, the leaving out of one feature of answers, the
shortest word that is corrected, and how near to the question's words a time must stand.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl

from benchmarks.outcome import Outcome
from vitrina.posts.calibrating import no_answer_report
from vitrina.posts.duplicates import duplicates_of
from vitrina.posts.embedding import Embedder, embedder
from vitrina.posts.exports import read_posts
from vitrina.posts.index import IndexManifest, build_index
from vitrina.posts.judgement import copies_of, ranks_of
from vitrina.posts.measures import MEASURES, MRR, RECALL_AT_1, RECALL_AT_10, of_ranks
from vitrina.posts.passages import passages_of
from vitrina.posts.search import Mode, SearchIndex

SEED = 0
SHORTEST = 30
"""Characters of a channel's post that is searched among."""

MODES: tuple[Mode, ...] = ("fused", "bm25", "plain bm25", "vectors")
BARS = {
    "xquad_ru": {RECALL_AT_1: 0.875, RECALL_AT_10: 0.97, MRR: 0.915},
    "xquad_en": {RECALL_AT_1: 0.89},
    "xquad_ru, mistyped": {RECALL_AT_1: 0.82},
}
LEAST_AUROC = 0.94
MISTYPED = 0.25
SHORTEST_MISTYPED = 5
LETTERS = "абвгдежзийклмнопрстуфхцчшщъыьэюя"


class Judged(NamedTuple):
    """A set of questions, and the index that it is asked of."""

    name: str
    searcher: SearchIndex
    manifest: IndexManifest
    questions: pl.DataFrame
    duplicates: pl.DataFrame


def main() -> int:
    """Read, build, ask, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.posts_quality", description=__doc__)
    parser.add_argument("--inbox", type=Path, required=True, help="the folder that holds `<channel>/result.json`")
    inbox = parser.parse_args().inbox.resolve()
    model, outcome = embedder("navec"), Outcome("posts_quality")
    with tempfile.TemporaryDirectory() as folder:
        for judged in judged_sets(inbox, model, Path(folder)):
            _judge(judged, outcome)
            if not judged.name.endswith("mistyped"):
                _keep_silence(judged, outcome)
    return outcome.finish()


def judged_sets(inbox: Path, model: Embedder, folder: Path) -> Iterator[Judged]:
    """Every set of questions with its index; Russian ones twice."""
    exports = sorted(inbox.glob("*/result.json"))
    asked = [export for export in exports if (export.parent / "questions.csv").is_file()]
    among = [exported_posts(export).filter(pl.col("text").str.len_chars() >= SHORTEST) for export in exports if export not in asked]
    for export in asked:
        name, own = export.parent.name, exported_posts(export)
        index, manifest, duplicates = built(pl.concat([own, *among]), model, folder / name)
        channel = "{}:{}".format(*own.select("platform", "channel_id").row(0))
        questions = pl.read_csv(export.parent / "questions.csv", infer_schema=False).with_columns(channel=pl.lit(channel))
        print(f"{name}: {len(questions)} questions about {len(own)} posts among {manifest.posts:,} in {manifest.channels} channels")
        yield Judged(name, index, manifest, questions, duplicates)
        if name.endswith("ru"):
            slips = [mistyped(question, random.Random(number)) for number, question in enumerate(questions["question"])]
            yield Judged(f"{name}, mistyped", index, manifest, questions.with_columns(question=pl.Series(slips)), duplicates)


def exported_posts(export: Path) -> pl.DataFrame:
    """Posts of one export that have a text, with the columns that passages and the index are made of."""
    with export.open("rb") as stream:
        delivered = pl.concat([contents.frame for contents in read_posts(export.name, stream)])
    return (
        delivered.filter(pl.col("text").is_not_null())
        .unique(["platform", "channel_id", "post_id"], keep="last", maintain_order=True)
        .select(
            "platform",
            "channel_id",
            "post_id",
            "channel_name",
            "link",
            "text",
            posted_at=pl.col("posted_at").str.to_datetime(time_zone="UTC"),
            context=pl.lit(None, dtype=pl.String),
        )
    )


def built(posts: pl.DataFrame, model: Embedder, folder: Path) -> tuple[SearchIndex, IndexManifest, pl.DataFrame]:
    """The index of posts, opened for questions."""
    began = time.perf_counter()
    passages, duplicates = passages_of(posts), duplicates_of(posts)
    vectors = {model.model: model.embed(passages["searched"].to_list())}
    manifest = build_index(passages, vectors, duplicates, posts=posts, model=model.model, version=folder.name, folder=folder)
    print(f"{folder.name}: built in {time.perf_counter() - began:.0f} s, {manifest.size / 1e6:.0f} MB, {manifest.terms:,} lemmas")
    return SearchIndex.open(folder, model), manifest, duplicates


def mistyped(question: str, rng: random.Random) -> str:
    """A question with one letter inserted, deleted, replaced or swapped in a quarter of the words of five letters and more."""
    typed = []
    for word in question.split(" "):
        if len(word) < SHORTEST_MISTYPED or rng.random() >= MISTYPED:
            typed.append(word)
            continue
        place, letter = rng.randrange(len(word) - 1), rng.choice(LETTERS)
        before, after = word[:place], word[place + 1 :]
        slips = (
            before + letter + word[place:],
            before + after,
            before + letter + after,
            before + after[0] + word[place] + after[1:],
        )
        typed.append(rng.choice(slips))
    return " ".join(typed)


def _judge(judged: Judged, outcome: Outcome) -> None:
    copies = copies_of(judged.duplicates)
    for mode in MODES:
        ranks = ranks_of(judged.searcher, judged.questions, mode=mode, copies=copies)
        found = of_ranks(ranks, seed=SEED)
        print(f"  {judged.name}, {mode}: " + ", ".join(f"{name} {found[name].value:.3f}" for name in MEASURES))
        for measure in MEASURES:
            name = f"{judged.name}, {mode}, {measure}".replace(", ", "_").replace(" ", "_")
            bar = BARS.get(judged.name, {}).get(measure) if mode == "fused" else None
            if bar is None:
                outcome.refer(**{name: found[measure].value})
            else:
                outcome.measure(name, found[measure].value, f">= {bar}")


def _keep_silence(judged: Judged, outcome: Outcome) -> None:
    found = no_answer_report(judged.searcher, judged.questions, duplicates=judged.duplicates, seed=SEED)
    area, point = found.auroc, found.point
    print(
        f"  {judged.name}, no answer: AUROC {area.value:.3f} [{area.low:.3f}, {area.high:.3f}]; at {point.false_answers:.1%} false "
        f"answers {point.answered:.1%} of the answerable questions are answered"
    )
    outcome.measure(f"{judged.name}_no_answer_auroc", area.value, f">= {LEAST_AUROC}")
    outcome.refer(**{f"{judged.name}_answered_at_5_percent_false": point.answered, f"{judged.name}_threshold": point.threshold})


if __name__ == "__main__":
    sys.exit(main())
