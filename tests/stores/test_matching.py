import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from vitrina.stores.matching import adjusted_rand, carried_names, match_clusters, share_moved


def grouping(labels, first=0):
    rows = {"store_id": [f"s{place:03d}" for place in range(first, first + len(labels))], "cluster": list(labels)}
    return pl.DataFrame(rows, schema={"store_id": pl.String, "cluster": pl.Int64})


def test_clusters_that_only_changed_their_numbers_are_recognised():
    matches = match_clusters(grouping([1, 1, 2, 2, 2, 3]), grouping([3, 3, 1, 1, 1, 2]))
    assert matches.rows() == [(1, 3, 2, 1.0), (2, 1, 3, 1.0), (3, 2, 1, 1.0)]


def test_the_pairs_together_count_not_the_best_single_pair():
    # 1 overlaps 1 most (3/7), but then 2 would be left with nothing: 1 with 2 and 2 with 1 overlap more together
    clusters, others = grouping([1, 1, 1, 1, 1, 2, 2]), grouping([1, 1, 1, 2, 2, 1, 1])
    matches = match_clusters(clusters, others)
    assert matches.get_column("matched_cluster").to_list() == [2, 1]
    assert matches.get_column("jaccard").to_list() == [pytest.approx(2 / 5), pytest.approx(2 / 5)]


def test_only_stores_of_both_groupings_count():
    matches = match_clusters(grouping([1, 1, 2, 2]), grouping([5, 6, 6, 6, 6], first=1))
    assert matches.rows() == [(1, 5, 1, 1.0), (2, 6, 2, 1.0)]


def test_a_cluster_without_a_common_store_matches_nothing():
    matches = match_clusters(grouping([1, 1, 2]), grouping([1, 1, 2, 2], first=1).filter(pl.col("store_id") != "s002"))
    assert matches.rows() == [(1, 1, 1, 1.0), (2, None, 0, None)]
    assert match_clusters(grouping([1, 2]), grouping([])).rows() == [(1, None, 0, None), (2, None, 0, None)]


def test_a_cluster_too_many_is_left_over():
    matches = match_clusters(grouping([1, 1, 1, 2, 3, 3]), grouping([1, 1, 1, 1, 2, 2]))
    assert matches.get_column("matched_cluster").to_list() == [1, None, 2]


def test_names_go_along_the_matches_and_nowhere_else():
    matches = match_clusters(grouping([1, 1, 2, 3]), grouping([2, 2, 1, 4]))
    assert carried_names(matches, {2: "Flagships", 1: "", 9: "Gone"}) == {1: "Flagships"}


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 5)), min_size=1, max_size=25))
@settings(max_examples=40, deadline=None)
def test_no_other_pairing_has_a_larger_overlap(pairs):
    ours, theirs = zip(*pairs, strict=True)
    matches = match_clusters(grouping(ours), grouping(theirs))
    matched = matches.get_column("matched_cluster").drop_nulls().to_list()
    assert len(matched) == len(set(matched))

    def overlap(row, column):
        rows, columns = np.array(ours) == row, np.array(theirs) == column
        return (rows & columns).sum() / (rows | columns).sum()

    mine, other = sorted(set(ours)), [*sorted(set(theirs)), *[None] * 4]
    best = max(
        sum(overlap(row, column) for row, column in zip(mine, chosen, strict=True) if column is not None)
        for chosen in itertools.permutations(other, len(mine))
    )
    assert sum(matches.get_column("jaccard").drop_nulls()) == pytest.approx(best)


def test_the_rand_index_is_scikit_learns_on_the_common_stores():
    one, other = [1, 1, 2, 2, 3, 3, 1], [1, 2, 2, 2, 3, 1, 1]
    assert adjusted_rand(grouping(one, first=1), grouping([9, *other])) == pytest.approx(adjusted_rand_score(one, other))
    assert adjusted_rand(grouping([1, 2]), grouping([1, 2], first=1)) is None
    assert adjusted_rand(grouping([1, 2]), grouping([1, 2], first=7)) is None


def test_a_store_moved_when_its_label_changed():
    assert share_moved(grouping([1, 1, 2, 3]), grouping([1, 2, 2, 1, 1])) == pytest.approx(0.5)
    assert share_moved(grouping([1]), grouping([1], first=3)) is None
