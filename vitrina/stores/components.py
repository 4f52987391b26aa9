"""Features to principal components: few directions in which stores differ, none of them counted twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vitrina.stores.choosing_k import Points

KAISER = 1.0
_NOISE = 1e-9
"""Uncorrelated features have eigenvalues of 1 ± 1e-15; all of them are kept."""


@dataclass(frozen=True, eq=False)
class Components:
    """Stores in the space of the principal components that were kept.

    Attributes
    ----------
    points
        Coordinates, shape (stores, components kept).
    eigenvalues
        Of the correlation matrix, falling, one per feature.
    """

    points: Points
    eigenvalues: tuple[float, ...]

    @property
    def kept(self) -> int:
        """Number of components kept."""
        return int(self.points.shape[1])


def principal_components(values: Points) -> Components:
    """Impute medians, standardise, and keep the components whose eigenvalue is at least 1, at least one of them.

    Parameters
    ----------
    values
        Shape (stores, features), NaN where a value is missing; no column is constant or without values.

    References
    ----------
    H. F. Kaiser (1960), The application of electronic computers to factor analysis. Educ. Psychol. Meas. 20, 141-151.
    """
    from sklearn.decomposition import PCA  # noqa: PLC0415  # loading the definitions need not pay for it
    from sklearn.impute import SimpleImputer  # noqa: PLC0415  # as above
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415  # as above

    standardised = StandardScaler().fit_transform(SimpleImputer(strategy="median").fit_transform(values))
    analysis: Any = PCA(svd_solver="full").fit(standardised)
    n_stores, n_features = values.shape
    # scikit-learn divides by n - 1 after a scaler that divided by n: 2.2 % too large at 45 stores, enough to keep one more
    eigenvalues = np.zeros(n_features)
    eigenvalues[: analysis.explained_variance_.size] = np.maximum(analysis.explained_variance_ * (n_stores - 1) / n_stores, 0.0)
    kept = max(1, int((eigenvalues >= KAISER - _NOISE).sum()))
    directions = analysis.components_[:kept]
    # an eigenvector has no sign of its own: its largest loading points up, the first of several equal ones
    strongest = np.argmax(np.abs(directions).round(9), axis=1)
    signs = np.sign(directions[np.arange(kept), strongest])
    return Components(standardised @ (directions * signs[:, None]).T, tuple(map(float, eigenvalues)))
