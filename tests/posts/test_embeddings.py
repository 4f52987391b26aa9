"""Vectors that are kept: each text is embedded once, deletion is real, and a model gives way to one that is no worse."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl
import pytest

from tests.posts.rows_of_posts import post, posts
from vitrina.errors import InvalidTableError, VitrinaError
from vitrina.posts.embedding import Embedder, EmbedderError
from vitrina.posts.embeddings import ModelFigures, bring_up_to_date, chosen, vectors_of
from vitrina.posts.passages import passages_of, text_hash
from vitrina.posts.tables import PostEmbeddings


@dataclass
class Lengths:
    """Tells a text by its length, and remembers what it was asked."""

    model: str = "lengths"
    dimensions: int = 2
    is_remote: bool = False
    asked: list[list[str]] = field(default_factory=list)

    def embed(self, texts, *, kind="passage"):
        assert kind == "passage"
        self.asked.append(list(texts))
        angles = np.array([len(text) for text in texts], dtype=np.float32) / 100
        return np.stack([np.cos(angles), np.sin(angles), *[angles * 0] * (self.dimensions - 2)], axis=1)


def passages(*texts):
    return passages_of(posts(*(post(text, str(number)) for number, text in enumerate(texts, 1))))


def of(text, length=2):
    return np.pad(np.array([np.cos(len(text) / 100), np.sin(len(text) / 100)], dtype=np.float32), (0, length - 2))


def test_a_fake_embedder_is_an_embedder():
    embedder: Embedder = Lengths()
    assert embedder.embed([]).shape == (0, 2)


def test_each_text_is_embedded_once_and_vectors_stand_in_the_order_of_the_passages():
    model, found = Lengths(), passages("Первый снег", "Открытие парка", "Первый снег")
    brought = bring_up_to_date(PostEmbeddings.empty(), found, model)
    assert brought.embedded == 2
    assert sorted(model.asked[0]) == ["Открытие парка", "Первый снег"]
    assert PostEmbeddings.check(brought.embeddings)["model"].to_list() == ["lengths"] * 2
    vectors = vectors_of(found, brought.embeddings, "lengths")
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, [of("Первый снег"), of("Открытие парка"), of("Первый снег")], rtol=1e-6)


def test_what_has_a_vector_is_not_embedded_again_and_what_is_gone_has_none_any_more():
    before = bring_up_to_date(PostEmbeddings.empty(), passages("Первый снег", "Открытие парка"), Lengths()).embeddings
    model = Lengths()
    brought = bring_up_to_date(before, passages("Открытие парка", "Новая станция"), model)
    assert model.asked == [["Новая станция"]]
    assert brought.embedded == 1
    assert set(brought.embeddings["text_hash"]) == {text_hash("Открытие парка"), text_hash("Новая станция")}
    again = bring_up_to_date(brought.embeddings, passages("Новая станция", "Открытие парка"), model)
    assert again.embedded == 0
    assert again.embeddings.equals(brought.embeddings)


def test_an_outage_is_no_reason_to_ask_when_nothing_is_missing():
    class Gone(Lengths):
        @property
        def dimensions(self):
            raise AssertionError("asked")

        @dimensions.setter
        def dimensions(self, value):
            pass

    found = passages("Первый снег")
    known = bring_up_to_date(PostEmbeddings.empty(), found, Lengths()).embeddings
    assert bring_up_to_date(known, found, Gone()).embeddings.equals(known)


def test_rows_of_other_models_stay_only_if_they_are_wanted_and_their_text_is_there():
    old = passages("Первый снег", "Открытие парка")
    known = pl.concat(
        bring_up_to_date(PostEmbeddings.empty(), old, Lengths(model=name, dimensions=size)).embeddings
        for name, size in (("kept", 2), ("dropped", 3))
    )
    brought = bring_up_to_date(known, passages("Первый снег"), Lengths(), keep={"kept"})
    assert brought.embeddings.select("model", "text_hash").rows() == [
        ("kept", text_hash("Первый снег")),
        ("lengths", text_hash("Первый снег")),
    ]


def test_texts_come_in_batches_and_each_is_handed_on_at_once():
    texts = [f"Новость {'х' * number}" for number in range(7)]
    model, stored = Lengths(), []

    def broken(rows):
        stored.append(rows)
        if len(stored) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring_up_to_date(PostEmbeddings.empty(), passages(*texts), model, batch=3, on_batch=broken)
    rest = bring_up_to_date(pl.concat(stored), passages(*texts), model, batch=3)
    assert [len(batch) for batch in model.asked] == [3, 3, 1]
    assert rest.embedded == 1
    assert rest.embeddings.equals(bring_up_to_date(PostEmbeddings.empty(), passages(*texts), Lengths()).embeddings)


def test_a_model_whose_vectors_change_their_length_is_refused():
    known = bring_up_to_date(PostEmbeddings.empty(), passages("Первый снег"), Lengths()).embeddings
    both = passages("Первый снег", "Открытие парка")
    with pytest.raises(InvalidTableError, match="vectors of lengths have 2, 3 numbers"):
        bring_up_to_date(known, both, Lengths(dimensions=3))
    other = bring_up_to_date(PostEmbeddings.empty(), passages("Открытие парка"), Lengths(dimensions=3)).embeddings
    with pytest.raises(InvalidTableError, match="have 2, 3 numbers"):
        vectors_of(both, pl.concat([known, other]), "lengths")


@pytest.mark.parametrize("vectors", [np.zeros((2, 2)), np.zeros((1, 3)), np.full((1, 2), np.nan), np.zeros(2)])
def test_vectors_that_are_none_are_refused(vectors):
    class Wrong(Lengths):
        def embed(self, texts, *, kind="passage"):
            return vectors

    with pytest.raises(EmbedderError, match=r"lengths gave vectors of shape .* expected \(1, 2\)"):
        bring_up_to_date(PostEmbeddings.empty(), passages("Первый снег"), Wrong())


def test_a_passage_without_a_vector_is_told_and_no_passages_have_none():
    known = bring_up_to_date(PostEmbeddings.empty(), passages("Первый снег"), Lengths()).embeddings
    with pytest.raises(InvalidTableError, match=r"1 of 2 passage\(s\) have no vector of lengths"):
        vectors_of(passages("Первый снег", "Открытие парка"), known, "lengths")
    with pytest.raises(InvalidTableError, match="have no vector of another"):
        vectors_of(passages("Первый снег"), known, "another")
    assert vectors_of(passages(), known, "lengths").shape == (0, 2)
    assert bring_up_to_date(known, passages(), Lengths()).embeddings.is_empty()


OLD = ModelFigures("old", 0.7, 0.66, 0.74, 600)


@pytest.mark.parametrize(
    ("mrr", "difference", "model", "said"),
    [
        (0.75, (0.05, 0.03, 0.07), "new", "a difference of +0.030 to +0.070: new is no worse than old"),
        (0.69, (-0.01, -0.03, 0.01), "new", "takes over"),
        # the edge: an interval that reaches 0 does not prove that it is worse
        (0.69, (-0.01, -0.02, 0.0), "new", "takes over"),
        (0.68, (-0.02, -0.03, -0.001), "old", "a difference of -0.030 to -0.001: new is worse than old, which stays"),
        # without a paired interval, its mean is held against the interval of the one in use
        (0.66, None, "new", "whose interval begins at 0.660"),
        (0.65, (-0.05, None, None), "old", "worse"),
        (None, None, "old", "not judged"),
    ],
)
def test_a_new_model_takes_over_unless_it_is_worse_beyond_chance(mrr, difference, model, said):
    found, why = chosen(OLD, ModelFigures("new", mrr, None, None, 600), difference)
    assert found == model
    assert said in why


def test_where_one_model_is_alone_it_is_used_and_without_any_that_is_told():
    assert chosen(None, OLD)[0] == chosen(OLD, None)[0] == chosen(OLD, OLD)[0] == "old"
    with pytest.raises(VitrinaError, match="no embedding model"):
        chosen(None, None)


def test_with_too_few_questions_for_an_interval_the_model_in_use_stays():
    alone = ModelFigures("old", 1.0, None, None, 1)
    assert chosen(alone, ModelFigures("new", 1.0, None, None, 1))[0] == "old"
