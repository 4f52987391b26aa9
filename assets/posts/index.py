"""Vectors, indexes, and how well posts are found: each index is judged before anybody searches it."""

import datetime as dt
from collections.abc import Iterator

import dagster as dg
import polars as pl

from assets.posts.product import POOLED, inputs, keys_of, outs, stored
from resources.table_assets import table_arguments
from resources.table_metadata import picture
from resources.warehouse import WarehouseResource
from vitrina.posts import tables as t
from vitrina.posts.raw_tables import RawKnownAnswers


@dg.asset(  # type: ignore[untyped-decorator]  # mypy loses the type of a decorator whose arguments are unpacked
    ins=inputs("passages"), **table_arguments(t.PostEmbeddings), **POOLED
)
def embeddings_of_posts(context: dg.AssetExecutionContext, warehouse: WarehouseResource, passages: pl.DataFrame) -> pl.DataFrame:
    """Vectors of every passage: only what has no vector yet is embedded, by the model in use and by one that is to follow it."""
    from vitrina.posts.indexing import embedded, models  # noqa: PLC0415  # loading the definitions need not pay for it

    known, index = stored(warehouse, t.PostEmbeddings, t.PostIndexes)
    wanted = models(warehouse.settings, index["embedder"][0] if index.height else None)
    made, counts = embedded(known, passages, wanted)
    context.add_output_metadata({"embedded_now": sum(counts.values()), "models": ", ".join(counts)})
    return made


@dg.asset(  # type: ignore[untyped-decorator]  # as above
    ins=inputs("posts", "passages", "post_duplicates", "post_embeddings"),
    **table_arguments(t.IndexCandidates, kinds=("scipy", "duckdb")),
    **POOLED,
)
def indexes_on_trial(
    warehouse: WarehouseResource,
    posts: pl.DataFrame,
    passages: pl.DataFrame,
    post_duplicates: pl.DataFrame,
    post_embeddings: pl.DataFrame,
) -> pl.DataFrame:
    """BM25 over lemmas and vectors, as files that are mapped into memory: built anew only if something has changed."""
    from vitrina.posts.indexing import Material, candidates, models  # noqa: PLC0415  # as above

    settings = warehouse.settings
    (index,) = stored(warehouse, t.PostIndexes)
    material = Material(posts, passages, post_duplicates, post_embeddings)
    wanted = models(settings, index["embedder"][0] if index.height else None)
    return candidates(material, wanted, settings=settings, built_at=dt.datetime.now(dt.UTC))


@dg.multi_asset(
    name="search_on_trial",
    ins=inputs("posts", "passages", "post_duplicates", "post_embeddings", "index_candidates"),
    outs=outs(t.SearchQuality, t.SearchDifferences, t.EmbeddingModels, kinds=("scipy", "duckdb")),
    deps=keys_of("raw_known_answers"),
    **POOLED,
)
def search_on_trial(  # noqa: PLR0913, PLR0917  # one parameter per input, and Dagster passes them by name
    warehouse: WarehouseResource,
    posts: pl.DataFrame,
    passages: pl.DataFrame,
    post_duplicates: pl.DataFrame,
    post_embeddings: pl.DataFrame,
    index_candidates: pl.DataFrame,
) -> Iterator[dg.Output[pl.DataFrame]]:
    """Questions of people and questions made from posts, searched for in every way; and against the index in use."""
    from vitrina.posts.indexing import Material, models  # noqa: PLC0415  # as above
    from vitrina.posts.pictures import recall_by_overlap  # noqa: PLC0415  # as above
    from vitrina.posts.trial import Before, asked_of, headline, tried  # noqa: PLC0415  # as above

    settings = warehouse.settings
    index, quality, differences, raw = stored(warehouse, t.PostIndexes, t.SearchQuality, t.SearchDifferences, RawKnownAnswers)
    material = Material(posts, passages, post_duplicates, post_embeddings)
    found = tried(
        index_candidates,
        asked_of(material, raw),
        material,
        Before(index, quality, differences),
        models(settings, index["embedder"][0] if index.height else None),
        settings=settings,
        now=dt.datetime.now(dt.UTC),
    )
    now = found.quality.filter(pl.col("version") == found.version)
    pictures = {"found": picture("How often the right post is found", recall_by_overlap(now))} if now.height else {}
    yield dg.Output(found.quality, output_name="search_quality", metadata={**headline(now), **pictures})
    yield dg.Output(found.differences, output_name="search_differences")
    yield dg.Output(found.models, output_name="embedding_models")
