import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.posts.bm25 import LENGTH_WEIGHT, SATURATION, Postings, inverse_document_frequency

THREE_DIGITS = 1e-3
"""What the index keeps of weights."""
N_TERMS = 6
DOCUMENTS = st.lists(st.lists(st.integers(0, N_TERMS - 1), max_size=8), min_size=1, max_size=12)


def postings(documents):
    starts = np.concatenate([[0], np.cumsum([len(document) for document in documents])])
    return Postings.of(starts, np.array([term for document in documents for term in document], dtype=np.int32), N_TERMS)


def by_formula(documents, terms):
    """BM25 as Robertson and Zaragoza write it, document by document."""
    mean = sum(map(len, documents)) / len(documents)
    scores = []
    for document in documents:
        score = 0.0
        for term in terms:
            df = sum(term in other for other in documents)
            tf = document.count(term)
            if tf:
                penalty = SATURATION * (1 - LENGTH_WEIGHT + LENGTH_WEIGHT * len(document) / max(mean, 1))
                score += math.log(1 + (len(documents) - df + 0.5) / (df + 0.5)) * tf * (SATURATION + 1) / (tf + penalty)
        scores.append(score)
    return scores


def test_a_hand_computed_score():
    # two of three documents have term 0; the first has it twice among its two words, where the mean is 4 / 3
    idf = math.log(1 + 1.5 / 2.5)
    penalty = 0.9 * (0.6 + 0.4 * 1.5)
    assert postings([[0, 0], [0], [1]]).scores([0], 0, 3)[0] == pytest.approx(idf * 2 * 1.9 / (2 + penalty), rel=THREE_DIGITS)


@given(DOCUMENTS, st.sets(st.integers(0, N_TERMS - 1)))
def test_scores_are_those_of_the_formula(documents, terms):
    scores = postings(documents).scores(list(terms), 0, len(documents))
    np.testing.assert_allclose(scores, by_formula(documents, terms), rtol=THREE_DIGITS)


@given(DOCUMENTS, st.data())
def test_a_range_has_the_scores_that_it_has_among_all(documents, data):
    start = data.draw(st.integers(0, len(documents)))
    end = data.draw(st.integers(start, len(documents)))
    found = postings(documents)
    terms = list(range(N_TERMS))
    assert found.scores(terms, start, end).tolist() == found.scores(terms[::-1], 0, len(documents))[start:end].tolist()


def test_the_rarest_term_with_enough_rows_names_some():
    found = postings([[0], [0], [0, 1], [1], [2]])
    assert found.rows_of_one([0, 1, 2], 2, 0, 5).tolist() == [2, 3]
    assert found.rows_of_one([0, 1, 2], 3, 0, 5).tolist() == [0, 1, 2]
    assert found.rows_of_one([0, 1, 2], 2, 3, 5).tolist() == []


def test_a_term_that_nobody_has_is_rarer_than_any():
    found = postings([[0], [0], [1]])
    assert inverse_document_frequency(3, 0) > found.idf[1] > found.idf[0] > 0


def test_no_documents_have_no_scores():
    empty = Postings.of(np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32), 0)
    assert empty.scores([], 0, 0).tolist() == []
