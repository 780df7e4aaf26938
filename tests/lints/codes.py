"""Lints certificates with pkilint's linter for the Baseline Requirements: one line of JSON for each file, with its codes."""

import datetime
import json
import pathlib
import sys

from pkilint import finding_filter, loader
from pkilint.cabf import serverauth
from pkilint.pkix import certificate


def lint(path):
    name = path.stem
    try:
        cert = loader.load_certificate(path.read_bytes(), name)
        kind = serverauth.determine_certificate_type(cert)
        validators = serverauth.create_validators(kind, None)
        container = certificate.create_pkix_certificate_validator_container(
            serverauth.create_decoding_validators(), validators
        )
        results = container.validate(cert.root)
        results, _ = finding_filter.filter_results(serverauth.create_serverauth_finding_filters(kind), results)
    except Exception as error:  # What it cannot read at all.
        return {"file": name, "kind": None, "codes": [], "error": f"{type(error).__name__}: {error}"}
    codes = sorted({d.finding.code for result in results for d in result.finding_descriptions})
    return {"file": name, "kind": str(kind), "codes": codes, "error": None}


for argument in sys.argv[1:]:
    print(json.dumps(lint(pathlib.Path(argument))))
