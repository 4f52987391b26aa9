"""The same clusters and the same measures as scikit-learn's, on three of its data sets."""

import fastcluster
import pytest
from sklearn.cluster import AgglomerativeClustering
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.metrics import adjusted_rand_score, davies_bouldin_score, silhouette_score
from sklearn.preprocessing import StandardScaler

from vitrina.stores.choosing_k import cut
from vitrina.stores.measures import measure, silhouettes

NUMBERS = range(2, 13)
DATA_SETS = {"iris": load_iris, "wine": load_wine, "breast_cancer": load_breast_cancer}


@pytest.fixture(scope="module", params=list(DATA_SETS))
def points(request):
    """Standardised. Two irises are equal: they merge at 0, far below every cut that is compared."""
    return StandardScaler().fit_transform(DATA_SETS[request.param]().data)


@pytest.fixture(scope="module")
def linkage(points):
    return fastcluster.linkage_vector(points, method="ward", metric="euclidean")


@pytest.mark.parametrize("n_clusters", NUMBERS)
def test_wards_tree_is_cut_as_agglomerative_clustering_cuts_it(points, linkage, n_clusters):
    reference = AgglomerativeClustering(n_clusters=n_clusters, linkage="ward").fit_predict(points)
    assert adjusted_rand_score(reference, cut(linkage, n_clusters)) == 1.0


def test_the_measures_of_all_numbers_equal_those_of_scikit_learn_to_six_decimals(points, linkage):
    cuts = {n_clusters: cut(linkage, n_clusters) for n_clusters in NUMBERS}
    for row in measure(points, linkage, cuts, silhouettes(points, cuts)).iter_rows(named=True):
        labels = cuts[row["n_clusters"]]
        assert row["silhouette"] == pytest.approx(silhouette_score(points, labels), abs=5e-7)
        assert row["davies_bouldin"] == pytest.approx(davies_bouldin_score(points, labels), abs=5e-7)
