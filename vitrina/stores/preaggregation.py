"""Ward's tree for more objects than it can take: first groups of near ones, then the tree of the groups.

Ward's tree takes quadratic time: 50,000 objects 10 s, 200,000 almost three minutes. Groups of near objects merge at the
bottom of the tree, where nobody cuts; the tree of a few thousand groups, each as heavy as its objects, is the upper part
of the tree of all objects, as far as the groups do not cross its borders. That is an approximation, and the result says so.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from vitrina.stores.choosing_k import Labels, Points

N_GROUPS = 5_000

_ROUNDS = 3
"""Of k-means: the sum of squares is then 5 to 7 % above that after ten (measured), in a third of the time."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Objects in groups of near ones.

    Attributes
    ----------
    centres
        Means of the groups' objects, shape (g, d).
    sizes
        Objects per group, shape (g,); none is 0.
    membership
        Group of each object, from 0, shape (n,).
    """

    centres: Points
    sizes: Labels
    membership: Labels


def preaggregate(points: Points, *, n_groups: int = N_GROUPS, seed: int) -> Groups:
    """Put objects into about so many groups by a few rounds of k-means.

    Equal objects come into one group. Where there are no more different objects than groups, each of them is a group,
    and nothing is lost.

    Parameters
    ----------
    points
        Shape (n, d).
    n_groups
        Most groups; a few may come out empty and are left out.
    seed
        Of the first centres; the same seed gives the same groups.
    """
    different, membership = np.unique(points, axis=0, return_inverse=True)
    if different.shape[0] > n_groups:
        membership = _near(points, n_groups, seed)
    return _groups(points, np.asarray(membership, dtype=np.int64).ravel())


def weighted_ward(centres: Points, sizes: Labels) -> Points:
    """Ward's tree of weighted points, by a nearest-neighbour chain.

    Two clusters of weights a, b and centroids x, y are sqrt(2ab / (a + b)) * |x - y| apart, so that for weights of 1
    the tree is the usual one, and for whole weights that of the points repeated so often, without its merges at 0.
    Takes memory O(g) and time O(g²): 5,000 points in 2 s.

    Parameters
    ----------
    centres
        Shape (g, d).
    sizes
        Weights, above 0, shape (g,).

    Returns
    -------
    numpy.ndarray
        SciPy's linkage matrix, shape (g - 1, 4), by rising height; its last column counts groups.

    References
    ----------
    F. Murtagh (1983), A survey of recent advances in hierarchical clustering algorithms. Comput. J. 26, 354-359.
    """
    merges = _chain(centres, sizes)
    # the walk finds children before their parent, and the stable sort keeps them so where heights are equal
    return _in_scipys_numbers(merges[np.argsort(merges[:, 2], kind="stable")])


def _near(points: Points, n_groups: int, seed: int) -> Labels:
    from sklearn.cluster import KMeans  # noqa: PLC0415  # loading the definitions need not pay for it
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415  # as above
    from threadpoolctl import threadpool_limits  # noqa: PLC0415  # as above

    # several threads add up in any order: the last digits would differ from run to run
    with threadpool_limits(limits=1), warnings.catch_warnings():
        # fewer groups than asked for are no fault here
        warnings.simplefilter("ignore", ConvergenceWarning)
        near: Labels = KMeans(n_groups, init="random", n_init=1, max_iter=_ROUNDS, random_state=seed).fit_predict(points)
    return near


def _groups(points: Points, membership: Labels) -> Groups:
    """Exact means, by groups that are numbered without gaps."""
    present, numbered = np.unique(membership, return_inverse=True)
    sizes = np.bincount(numbered, minlength=present.size)
    sums = np.stack([np.bincount(numbered, weights=column, minlength=present.size) for column in points.T], axis=1)
    return Groups(sums / sizes[:, None], sizes.astype(np.int64), numbered.astype(np.int64))


def _chain(centres: Points, sizes: Labels) -> Points:
    """Merges in the order of the walk: the rows of the two clusters, and the height. The second row keeps the sum."""
    centroids, weights = centres.astype(np.float64, copy=True), sizes.astype(np.float64)
    heights = np.zeros(weights.size)
    merges = np.empty((weights.size - 1, 3))
    chain: list[int] = []
    for place in range(merges.shape[0]):
        if not chain:
            chain.append(int(weights.argmax()))
        while True:
            last = chain[-1]
            squared = _squared_heights(centroids, weights, last)
            nearest = int(squared.argmin())
            # of equally near clusters the one before in the chain, or the walk would go round in circles
            if len(chain) > 1 and squared[chain[-2]] <= squared[nearest]:
                break
            chain.append(nearest)
        kept, gone = chain[-2], chain[-1]
        # rounding must not put a parent below its children: sorted by height, it would come before them
        heights[kept] = max(np.sqrt(squared[kept]), heights[kept], heights[gone])
        merges[place] = gone, kept, heights[kept]
        del chain[-2:]
        together = weights[kept] + weights[gone]
        centroids[kept] = (weights[kept] * centroids[kept] + weights[gone] * centroids[gone]) / together
        weights[kept], weights[gone] = together, 0.0
    return merges


def _squared_heights(centroids: Points, weights: Points, row: int) -> Points:
    """Squared Ward distances of one cluster to all others; infinite to itself and to what has been merged away."""
    apart = centroids - centroids[row]
    squared: Points = np.einsum("ij,ij->i", apart, apart)
    squared *= 2 * weights[row] * weights / (weights[row] + weights)
    squared[weights == 0] = np.inf
    squared[row] = np.inf
    return squared


def _in_scipys_numbers(merges: Points) -> Points:
    """Row numbers become cluster numbers: 0 … g - 1 are the points, g + i is what merge i made."""
    n = merges.shape[0] + 1
    number, count = np.arange(n), np.ones(n)
    linkage = np.empty((n - 1, 4))
    for place, (gone, kept, height) in enumerate(merges):
        row, other = int(kept), int(gone)
        count[row] += count[other]
        linkage[place] = *sorted((number[row], number[other])), height, count[row]
        number[row] = n + place
    return linkage
