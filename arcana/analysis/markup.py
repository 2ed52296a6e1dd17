"""The parts of an HTML page that needs nothing beside it."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence

from rich.table import Table

STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
h1{font-size:1.7rem}h2{font-size:1.2rem;margin-top:2.2rem}table{border-collapse:collapse;margin:1rem 0}
td,th{padding:.3rem .9rem;border-bottom:1px solid #ddd;text-align:left}td.n,th.n{text-align:right}
img{max-width:100%;margin:.5rem 0}code{background:#f3f3f3;padding:.1rem .3rem}p.small{color:#666;font-size:.9rem}"""


def head(title: str, style: str = "") -> str:
    """What stands before the first heading; ``style`` goes after the common one."""
    metas = "<meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
    title = f"<title>{html.escape(title)}</title>"
    return f"<!doctype html><html lang='en'>{metas}{title}<style>{STYLE}{style}</style>"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], numbers: int = 0) -> str:
    """A table of text; the last ``numbers`` columns are set to the right."""

    def cells(tag: str, row: Sequence[str]) -> str:
        first = len(row) - numbers
        kinds = (" class='n'" if k >= first else "" for k in range(len(row)))
        return "".join(f"<{tag}{kind}>{html.escape(cell)}</{tag}>" for kind, cell in zip(kinds, row, strict=True))

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><tr>{cells('th', header)}</tr>{body}</table>"


def cells_of(table: Table) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a table for a terminal."""
    columns = [[str(cell) for cell in column.cells] for column in table.columns]
    return [str(column.header) for column in table.columns], [list(row) for row in zip(*columns, strict=True)]


def image(caption: str, png: bytes) -> str:
    """A picture inside the page."""
    return f"<img alt='{html.escape(caption)}' src='data:image/png;base64,{base64.b64encode(png).decode()}'>"


def percent(share: float) -> str:
    """A share as people read it."""
    return f"{100 * share:.1f} %"
