"""The plain comparison in DuckDB: plain_duckdb.py FOLDER csv|parquet one|join OUT

Full outer join on customer and reference; each pair is matched, differs, or stands on one
side. `one` numbers equal keys first, so that duplicated lines pair one to one, as
accounting needs; `join` is the plain join, which counts them several times.
"""
import json
import sys

import duckdb

from ledgers import lines

folder, kind, mode, out = sys.argv[1:5]
connection = duckdb.connect()
connection.execute("SET preserve_insertion_order = false")
keys = "o.customer = t.customer AND o.ref = t.ref"
sources = [lines(folder, side, kind) for side in ("ours", "theirs")]
if mode == "one":
    keys += " AND o.nth = t.nth"
    nth = "row_number() OVER (PARTITION BY customer, ref ORDER BY id) AS nth"
    sources = [f"(SELECT *, {nth} FROM {source})" for source in sources]
connection.execute(f"""
    COPY (
        SELECT o.id AS ours, t.id AS theirs, coalesce(o.customer, t.customer) AS customer,
            coalesce(o.ref, t.ref) AS ref, o.cents AS ours_cents, t.cents AS theirs_cents,
            CASE WHEN o.id IS NULL THEN 'only_theirs' WHEN t.id IS NULL THEN 'only_ours'
                WHEN o.cents = t.cents THEN 'matched' ELSE 'differs' END AS answer
        FROM {sources[0]} o FULL OUTER JOIN {sources[1]} t ON {keys}
    ) TO '{out}' (FORMAT parquet)""")
counts = connection.execute(f"SELECT answer, count(*) FROM '{out}' GROUP BY ALL").fetchall()
print(json.dumps(dict(counts)))
