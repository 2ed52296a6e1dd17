"""A table that can be printed and written as Markdown."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable


@dataclass
class Table:
    """Rows of text under a title; ``notes`` are said below it."""

    title: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        """One more row."""
        self.rows.append(tuple(str(cell) for cell in cells))

    def show(self, console: Console) -> None:
        """Print it."""
        table = RichTable(*self.head, title=escape(self.title), title_justify="left", title_style="bold")
        for column in table.columns[1:]:
            column.justify = "right"
        for row in self.rows:
            table.add_row(*map(escape, row))
        console.print(table)
        for note in self.notes:
            console.print(f"  {escape(note)}", style="dim", highlight=False)
        console.print()

    def markdown(self) -> str:
        """The table as text for a document."""
        lines = [f"### {self.title}", ""]
        if self.rows:
            lines += ["| " + " | ".join(self.head) + " |", "|---" + "|---:" * (len(self.head) - 1) + "|"]
            lines += ["| " + " | ".join(row) + " |" for row in self.rows] + [""]
        return "\n".join(lines + [f"- {note}" for note in self.notes]).rstrip() + "\n"
