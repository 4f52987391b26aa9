"""Programs that send anything at all get an answer that the description foresaw, and never an error of ours."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from serving.app import create_app
from tests.pages import ADMIN, make_person, token_of
from vitrina.settings import PRODUCTS, Settings

pytestmark = [pytest.mark.xdist_group("site")]

EXAMPLES = 15
TOKEN = {}
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
"""What is answered must be as described. Not that what the description does not foresee is refused: unknown parameters are ignored."""


@pytest.fixture(scope="module")
def schema(site):
    person = make_person(site.settings, "program", ADMIN)
    scopes = [f"{product}:{action}" for product in PRODUCTS for action in ("read", "decide", "deliver")]
    TOKEN["Authorization"] = f"Bearer {token_of(site.settings, person, *scopes)}"
    return schemathesis.openapi.from_url(f"{site.address}/api/openapi.json")


def test_the_description_has_an_example_or_a_default_wherever_something_is_required(tmp_path):
    described = create_app(Settings(data=tmp_path, _env_file=None)).openapi()
    lacking = [
        (method, path, parameter["name"])
        for path, methods in described["paths"].items()
        for method, one in methods.items()
        for parameter in one.get("parameters", [])
        if parameter.get("required") and not ({"examples", "example"} & (parameter.keys() | parameter["schema"].keys()))
    ]
    assert lacking == []


@schemathesis.serializer("application/offset+octet-stream")
def as_it_is(_, value):
    """A piece of an upload is what it is."""
    return {"data": value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")}


anything = schemathesis.pytest.from_fixture("schema")


@anything.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_the_api_keeps_to_its_description(case):
    case.call_and_validate(headers=TOKEN, checks=CHECKS)
