"""``doctor``: run all diagnostics of this machine and print the findings."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from f5_pipeline.cli.terminal import output_console, plural, safe_text

if TYPE_CHECKING:
    from f5_pipeline.doctor.finding import Finding

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def doctor(arguments: argparse.Namespace) -> int:
    """Run all checks; returns 1 if one fails. Takes no settings: invalid settings are a finding."""
    from f5_pipeline.doctor.checks import run_all_checks
    from f5_pipeline.doctor.finding import usable

    with Console(stderr=True).status("Running all checks; this takes up to a minute …"):
        findings = run_all_checks()
    if arguments.json:
        print(json.dumps({"usable": usable(findings), "checks": [asdict(each) for each in findings]}, indent=2))
    else:
        _print_findings(findings)
    return 0 if usable(findings) else 1


def _print_findings(findings: Sequence[Finding]) -> None:
    """Print a row for each finding, with its fix below, and a summary."""
    table = Table("", "check", "found", box=None, pad_edge=False)
    for finding in findings:
        text = safe_text(finding.found)
        if finding.fix:
            text.append(f"\n→ {safe_text(finding.fix)}", "bold")
        table.add_row(Text(finding.status, _STYLES[finding.status]), finding.name, text)
    output_console().print(table)
    failures, warnings = (sum(each.status == status for each in findings) for status in ("fail", "warn"))
    verdict = f"{plural(failures, 'problem')} to fix first" if failures else "This machine can speak batches"
    print(f"{verdict}; {plural(warnings, 'warning')}.")
