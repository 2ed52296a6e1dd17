"""What the demo promises, and whether a run keeps it."""

from __future__ import annotations

from arcana.demo.study import Results

FLOAT, QUANTISED_LOSS, MISMATCH_LOSS, AT_CV = 0.95, 0.03, 0.05, 0.1


def shortfalls(results: Results) -> list[str]:
    """Promises that were not kept, in words; empty if all were."""
    found = []
    if results.float_test < FLOAT:
        found.append(f"float accuracy {results.float_test:.3f}, promised >= {FLOAT}")
    if results.quantised_test < results.float_test - QUANTISED_LOSS - 1e-9:
        loss = results.float_test - results.quantised_test
        found.append(f"quantised accuracy {loss:.3f} below float, promised <= {QUANTISED_LOSS}")
    for mapped in results.mapped:
        if mapped.after != mapped.before:
            found.append(f"{mapped.chip}: {mapped.after:.3f} after export, {mapped.before:.3f} before")
    for row in results.mismatch:
        if row.cv == AT_CV and row.mean < results.float_test - MISMATCH_LOSS - 1e-9:
            loss = results.float_test - row.mean
            found.append(f"mean chip at CV {AT_CV} {loss:.3f} below float, promised <= {MISMATCH_LOSS}")
    return found
