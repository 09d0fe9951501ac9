"""The described interface, tried by schemathesis for each role: no server error, no answer outside its description.

Few examples, always the same ones: the seed is fixed. What changes something is rolled back by a store of its own.
"""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from tests.web.world import USERS, World

CHECKS = (not_a_server_error, response_schema_conformance, status_code_conformance)
FEW = settings(
    max_examples=3, derandomize=True, database=None, deadline=None, phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


def test_the_description_covers_every_route_and_names_every_failure(world: World) -> None:
    described = world.client("max").get("/api/openapi.json").json()
    operations = [one for path in described["paths"].values() for one in path.values()]
    assert len(operations) > 60
    for operation in operations:
        assert {"401", "403", "422"} <= set(operation["responses"])
        assert operation["summary"]
        assert operation["description"]


@pytest.mark.parametrize("user", USERS)
def test_the_interface_is_as_described(world: World, user: str) -> None:
    described = world.client("susan").get("/api/openapi.json").json()
    schema = schemathesis.openapi.from_dict(described)
    with world.client(user) as client:
        for result in schema.get_all_operations():
            _try(result.ok(), client)


def _try(operation: Any, client: Any) -> None:
    if operation.path == "/api/logout":
        return  # it would end the session of all that follow

    @FEW
    @given(case=operation.as_strategy())
    def each(case: Any) -> None:
        answer = client.request(**_asked(case))
        assert answer.status_code < 500, (case.method, case.path, answer.text)
        if answer.status_code not in (405, 400):
            case.validate_response(answer, checks=list(CHECKS))

    each()


def _asked(case: Any) -> dict[str, Any]:
    sent = case.as_transport_kwargs(base_url="http://testserver")
    return {key: value for key, value in sent.items() if key in ("method", "url", "params", "json", "data", "headers")}
