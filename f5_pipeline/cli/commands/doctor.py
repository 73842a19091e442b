"""``doctor``: run all diagnostics of this machine and print the findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from f5_pipeline.cli.command import command, json_option
from f5_pipeline.cli.terminal import output_console, print_json, print_line, safe_text
from f5_pipeline.display.units import plural

if TYPE_CHECKING:
    from f5_pipeline.doctor.finding import Finding

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


@command("doctor", "check this machine, the store and the voices", examples=["doctor", "doctor --json"])
@json_option
def doctor(as_json: bool) -> int:
    """Check this machine, the store and the voices, and say how to fix problems.

    The exit code is 1 if a check fails.
    """
    # It takes no settings, unlike other commands: invalid settings are a finding.
    from f5_pipeline.doctor.checks import run_all_checks
    from f5_pipeline.doctor.finding import usable

    with Console(stderr=True).status("Running all checks; this takes up to a minute …"):
        findings = run_all_checks()
    if as_json:
        print_json({"usable": usable(findings), "checks": [asdict(each) for each in findings]})
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
    print_line(f"{verdict}; {plural(warnings, 'warning')}.")
