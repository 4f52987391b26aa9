"""Texts as numbers."""

import numpy as np
import polars as pl
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from vitrina.propensity import text_encoding
from vitrina.propensity.text_encoding import FEWEST_TEXTS, fit_texts

TRADE, REPAIR = "Торговля молоком", "ремонт, АВТО ремонт"


def texts(*values):
    return pl.Series("t_text", values, dtype=pl.String)


def learnt(components=2):
    return fit_texts(texts(*[TRADE, REPAIR] * FEWEST_TEXTS, "торговля авто", None), components=components, seed=1)


def test_words_are_learnt_in_lower_case_and_rare_ones_are_not():
    encoding = fit_texts(texts(*[TRADE] * FEWEST_TEXTS, *["однажды однажды"] * (FEWEST_TEXTS - 1)), components=1, seed=1)
    assert encoding.words == ("молоком", "торговля")


def test_components_are_those_of_scikit_learn_over_the_same_words():
    values = [*[TRADE, REPAIR] * FEWEST_TEXTS, "торговля авто"]
    vectorizer = TfidfVectorizer(vocabulary=learnt().words, sublinear_tf=True)
    expected = TruncatedSVD(2, random_state=1).fit(vectorizer.fit_transform(values)).transform(vectorizer.transform(values))
    np.testing.assert_allclose(learnt().transform(texts(*values)).to_numpy(), expected, atol=1e-12)


def test_a_missing_text_has_no_components_and_an_unknown_one_has_zeros():
    found = learnt().transform(texts(None, "nothing known", "", TRADE))
    assert found.columns == ["n_text_01", "n_text_02"]
    assert found.row(0) == (None, None)
    assert learnt().transform(pl.Series([None])).row(0) == (None, None)
    assert found.row(1) == found.row(2) == (0.0, 0.0)
    assert any(found.row(3))


def test_a_text_has_the_components_that_it_would_have_alone(monkeypatch):
    values = texts(TRADE, None, REPAIR, "авто", TRADE)
    together = learnt().transform(values)
    monkeypatch.setattr(text_encoding, "TEXTS_AT_A_TIME", 2)
    assert learnt().transform(values).equals(together)
    assert learnt().transform(values[:0]).columns == together.columns


def test_nothing_is_learnt_from_too_few_words_or_when_no_component_is_asked_for():
    assert fit_texts(texts(None, None), components=4, seed=1) is None
    assert fit_texts(pl.Series([None, None]), components=4, seed=1) is None
    assert fit_texts(texts(*["молоко"] * 10), components=4, seed=1) is None
    assert learnt(components=0) is None


def test_components_are_fewer_than_words():
    assert len(learnt(components=50).columns) == len(learnt().words) - 1
