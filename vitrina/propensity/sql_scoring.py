"""A calibrated logistic regression as one SQL statement, for readers who have the features and no Python."""

from __future__ import annotations

from vitrina.propensity.calibration import CalibratedModel
from vitrina.propensity.encoding import CategoryEncoding, ModelError, NumberEncoding
from vitrina.propensity.models import LinearTerm
from vitrina.sql import quote, quote_text


def scoring_sql(model: CalibratedModel, table: str) -> str:
    """A DuckDB statement that scores the clients of a table as Python does.

    Parameters
    ----------
    model
        A calibrated logistic regression.
    table
        Name of a table with ``client_id`` and the columns ``n_*`` and ``c_*`` that the model has learnt, ``n_text_*`` of its
        own texts among them; its parts are told apart by dots.

    Returns
    -------
    str
        ``select client_id, probability``, which differs from `CalibratedModel.probabilities` by rounding alone.

    Raises
    ------
    ModelError
        The model is of another family: trees have no short SQL.
    """
    if model.model.family != "logistic":
        raise ModelError("Boosted trees cannot be written as SQL.", "Take the SQL of the logistic regression of the same month.")
    terms = ",\n        ".join(_term(term) for term in model.model.terms())
    source = ".".join(quote(part) for part in table.split("."))
    return f"""with log_odds_of_clients as (
    select
        client_id,
        {_double(model.model.intercept)} + list_sum([
        {terms}
        ]) as log_odds
    from {source}
)

select
    client_id,
    1e0 / (1e0 + exp(-({_double(model.intercept)} + {_double(model.slope)} * log_odds))) as probability
from log_odds_of_clients
"""  # noqa: S608  # every name is quoted, and every other part is a number


def _term(term: LinearTerm) -> str:
    return _category(term.encoding, term.weights) if isinstance(term.encoding, CategoryEncoding) else _number(term.encoding, term)


def _number(number: NumberEncoding, term: LinearTerm) -> str:
    value = f"cast({quote(number.feature)} as double)"
    known = f"case when isfinite({value}) then {value} end"
    clipped = f"least(greatest(coalesce({known}, {_double(number.median)}), {_double(number.low)}), {_double(number.high)})"
    slope, missing = term.weights
    flag = f" + case when isfinite({value}) then 0e0 else {_double(missing)} end" if number.flagged else ""
    return f"{_double(slope)} * ({clipped} - {_double(number.mean)}){flag}"


def _category(category: CategoryEncoding, weights: tuple[float, ...]) -> str:
    value = quote(category.feature)
    *known, other, missing = (_double(weight) for weight in weights)
    levels = " ".join(f"when {_text(level)} then {weight}" for level, weight in zip(category.levels, known, strict=True))
    told_apart = f"case {value} {levels} else {other} end" if levels else other
    return f"case when {value} is null then {missing} else {told_apart} end"


def _double(number: float) -> str:
    """A literal that is a double: without an exponent DuckDB reads a decimal."""
    written = repr(float(number))
    return f"({written if 'e' in written else written + 'e0'})"


def _text(text: str) -> str:
    """A literal of any text: DuckDB ends a statement at a zero character, wherever it stands."""
    parts = [quote_text(part) for part in text.split("\0")]
    return parts[0] if len(parts) == 1 else f"({' || chr(0) || '.join(parts)})"
