"""Checks files against the published schemas: cyclonedx FILE…, sarif FILE…; prints what is wrong and fails then."""

import json
import sys


def cyclonedx(text):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)


def sarif(text):
    # Made from the schema of SARIF 2.1.0; takes no property that it does not name.
    from pydantic import ValidationError
    from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Log

    log = json.loads(text)
    # The schema is a draft's, in which a suppression's `status` (section 3.35.3) was still its `state`.
    for result in (result for run in log["runs"] for result in run["results"]):
        for suppression in result.get("suppressions", []):
            suppression["state"] = suppression.pop("status")
    try:
        Log.model_validate(log)
    except ValidationError as error:
        return error


KINDS = {"cyclonedx": cyclonedx, "sarif": sarif}
failed = False
for path in sys.argv[2:]:
    with open(path, encoding="utf-8") as file:
        fault = KINDS[sys.argv[1]](file.read())
    if fault:
        failed = True
        print(f"{path}: {fault}")
sys.exit(failed)
