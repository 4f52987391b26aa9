"""Cuts of a tree, all from one look at it: the same as SciPy's, which looks at it once for each."""

import fastcluster
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster
from sklearn.metrics import adjusted_rand_score

from vitrina.stores.choosing_k import cut, cuts_of


def by_scipy(linkage, n_clusters):
    n = linkage.shape[0] + 1
    ranked = linkage.copy()
    ranked[:, 2] = np.arange(1, n)
    return fcluster(ranked, t=n - n_clusters, criterion="distance")


@settings(deadline=None)
@given(st.integers(2, 40), st.integers(0, 10_000), st.booleans(), st.sampled_from(["ward", "average", "single"]))
def test_every_cut_is_that_of_scipy_also_where_merges_have_equal_heights(n, seed, with_ties, method):
    points = np.random.default_rng(seed).normal(size=(n, 2))
    linkage = fastcluster.linkage(points.round() if with_ties else points, method=method)
    for n_clusters, labels in cuts_of(linkage, range(1, n + 1)).items():
        assert sorted(set(labels.tolist())) == list(range(n_clusters))
        assert adjusted_rand_score(by_scipy(linkage, n_clusters), labels) == 1.0


def test_cuts_nest():
    linkage = fastcluster.linkage(np.random.default_rng(0).normal(size=(60, 3)), method="ward")
    found = cuts_of(linkage, range(2, 20))
    for n_clusters in range(2, 19):
        pairs = set(zip(found[n_clusters + 1].tolist(), found[n_clusters].tolist(), strict=True))
        assert len(pairs) == n_clusters + 1


def test_clusters_are_numbered_as_their_leaves_stand():
    # 0 and 1 are near, 2 and 3 are nearer
    linkage = fastcluster.linkage(np.array([[0.0], [1.0], [10.0], [10.5]]), method="single")
    assert cut(linkage, 2).tolist() in ([0, 0, 1, 1], [1, 1, 0, 0])
    assert cut(linkage, 1).tolist() == [0, 0, 0, 0]
    assert sorted(cut(linkage, 4).tolist()) == [0, 1, 2, 3]


@pytest.mark.parametrize("n_clusters", [1, 2])
def test_the_smallest_tree_is_cut(n_clusters):
    linkage = fastcluster.linkage(np.array([[0.0], [1.0]]), method="single")
    assert cut(linkage, n_clusters).tolist() == ([0, 0] if n_clusters == 1 else [0, 1])
