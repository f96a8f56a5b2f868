#!/usr/bin/env python3
"""The Service- or the Interop-Validator, with its findings as lines of text.

usage: model.py service|interop OPTIONS-OF-THE-VALIDATOR...

Their report for a spreadsheet costs more time than all the checks together;
in its place this writes findings.tsv: result, subject, detail, message.
"""

import csv
import importlib
import sys

PACKAGES = {
    "service": "redfish_service_validator",
    "interop": "redfish_interop_validator",
}


def name_of(result):
    """PASS, WARN, FAIL or SKIP: text in one of the two, an enum in the other."""
    return getattr(result, "name", result)


def findings(sut):
    for uri in sorted(sut._resources):
        read = sut._resources[uri]
        if not read["Validated"]:
            continue
        for path, found in sorted(read["Results"].items()):
            detail = path[1:] or "-"
            yield name_of(found["Result"]), uri, detail, found["Message"]
    # of Interop: which types of resources there must be
    types = getattr(sut, "_service_resource_results", {"Results": {}})["Results"]
    for kind, found in sorted(types.items()):
        yield name_of(found["Result"]), kind, "-", found["Message"]


def write(sut, folder, *_):
    file = folder / "findings.tsv"
    with open(file, "w", newline="") as f:
        out = csv.writer(f, delimiter="\t", lineterminator="\n")
        for row in findings(sut):
            out.writerow([" ".join(str(field).split()) for field in row])
    return file


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in PACKAGES:
        sys.exit(__doc__)
    package = PACKAGES[sys.argv.pop(1)]
    importlib.import_module(package + ".report").xlsx_report = write
    sys.exit(importlib.import_module(package + ".console_scripts").main())


main()
