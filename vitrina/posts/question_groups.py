"""Which questions belong together: whoever learns from one must not be tried on another of its group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from vitrina.posts.answer_fitting import Groups
from vitrina.posts.judgement import Posts


def group_numbers(right: Sequence[Posts]) -> Groups:
    """A number per question: the same for those with a right post in common, directly or by way of others.

    Groups are numbered by their first posts, so that no order of questions changes a fold.

    Parameters
    ----------
    right
        As of `right_posts`.
    """
    if not right:
        return np.zeros(0, dtype=np.int64)
    numbers = {post: number for number, post in enumerate(sorted(frozenset().union(*right)))}
    ends = np.array([numbers[post] for posts in right for post in posts], dtype=np.int64)
    starts = len(numbers) + np.repeat(np.arange(len(right)), [len(posts) for posts in right])
    n = len(numbers) + len(right)
    # posts in order, and then questions, each tied to its posts
    _, labels = connected_components(coo_array((np.ones(len(ends)), (starts, ends)), shape=(n, n)), directed=False)
    _, first = np.unique(labels, return_index=True)
    places: Groups = np.argsort(np.argsort(first))[labels[len(numbers) :]]
    return places
