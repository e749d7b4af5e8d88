"""``python -m gospect.fleet.dashboard --table results/ --out page.html``: the answers to all queries on one page that needs no network."""

from __future__ import annotations

import argparse
import html
import sys
from collections.abc import Sequence
from datetime import datetime, timezone

from . import create_views, queries

#: Most rows of one answer on the page; further rows are counted.
ROWS = 100

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif }
body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin: 2rem 0 .5rem; font-size: 1.1rem }
.table { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent) }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.bar { display: inline-block; height: .6em; margin-right: .5em; background: #2f7fd1; border-radius: 2px }
nav a { margin-right: 1em }
p.none { opacity: .7 }
"""


def page(answers: dict[str, tuple[Sequence[str], Sequence[Sequence[object]]]], source: str, made: str) -> str:
    """A page of the answers: for each title the names of the columns, and rows."""
    ids = {title: f"q{number}" for number, title in enumerate(answers, 1)}
    links = "".join(f'<a href="#{ids[title]}">{html.escape(title)} ({len(rows)})</a> ' for title, (_, rows) in answers.items())
    sections = "".join(_section(ids[title], title, names, rows) for title, (names, rows) in answers.items())
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Go programs of {html.escape(source)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>Go programs</h1><p>{html.escape(source)}, {html.escape(made)}</p><nav>{links}</nav>{sections}</body></html>\n"
    )


def _section(place: str, title: str, names: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    head = f'<section id="{place}"><h2>{html.escape(title)}</h2>'
    if not rows:
        return f'{head}<p class="none">None.</p></section>'
    # The first column of numbers is drawn as bars.
    bar_column = next((index for index, value in enumerate(rows[0]) if isinstance(value, int)), None)
    largest = max((row[bar_column] or 0 for row in rows), default=0) if bar_column is not None else 0
    titles = "".join(f"<th>{html.escape(name.replace('_', ' '))}</th>" for name in names)
    lines = "".join(f"<tr>{''.join(_cell(value, largest if index == bar_column else 0) for index, value in enumerate(row))}</tr>" for row in rows[:ROWS])
    more = f"<p>and {len(rows) - ROWS} more</p>" if len(rows) > ROWS else ""
    return f'{head}<div class="table"><table><tr>{titles}</tr>{lines}</table></div>{more}</section>'


def _cell(value: object, largest: int) -> str:
    if isinstance(value, int):
        bar = f'<span class="bar" style="width:{max(1, 120 * value // largest)}px"></span>' if largest else ""
        return f'<td class="number">{bar}{value:,}</td>'
    return f"<td>{html.escape('' if value is None else str(value))}</td>"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m gospect.fleet.dashboard", description="one page about the table of a sweep")
    parser.add_argument("--table", required=True, metavar="ADDRESS", help="folder of Parquet files, or an address that DuckDB reads")
    parser.add_argument("--out", required=True, metavar="FILE")
    args = parser.parse_args(argv)
    import duckdb

    address = args.table if args.table.endswith(".parquet") else args.table.rstrip("/") + "/*.parquet"
    connection = duckdb.connect()
    try:
        quoted = address.replace("'", "''")
        connection.execute(f"CREATE VIEW results AS FROM read_parquet('{quoted}')")
        create_views(connection.execute)
    except duckdb.Error as error:
        print(f"gospect: {args.table}: {error}", file=sys.stderr)
        return 2
    answers = {}
    for title, text in queries().items():
        answer = connection.execute(text)
        answers[title] = ([column[0] for column in answer.description], answer.fetchall())
    with open(args.out, "w", encoding="utf-8") as file:
        file.write(page(answers, args.table, datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
