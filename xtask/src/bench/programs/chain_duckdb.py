"""The chain of rules in DuckDB as an expert writes it: chain_duckdb.py FOLDER OUT

Exact, then the reference normalized, then 5 cents of tolerance, then any amount, one to one
in each; then sums of 2 to 5 of our lines of one customer within 14 days for one of theirs,
at most 40 candidates each, by joins of pair sums. The first sum that fits is taken: DuckDB
has no means here to ask whether it is the only one.
"""
import sys

import duckdb

from ledgers import lines

folder, out = sys.argv[1:3]
db = duckdb.connect()
db.execute("SET preserve_insertion_order = false")
db.execute(f"SET temp_directory = '{out}.spill'")
SIDES = ("ours", "theirs")
NORMAL = (
    "regexp_replace(regexp_replace(replace(upper(ref), 'PO#', ''), '[^A-Z0-9]', '', 'g'), "
    "'^([A-Z]*)0+', '\\1')"
)


def numbered(source, key):
    nth = f"row_number() OVER (PARTITION BY {key} ORDER BY id) AS nth"
    return f"(SELECT *, {nth} FROM {source})"


def keep_open(step, source, columns):
    """The lines that no pair has taken yet become a table of their own."""
    for side in SIDES:
        db.execute(f"""CREATE TABLE {side}{step} AS SELECT {columns} FROM {source.format(side)}
            WHERE id NOT IN (SELECT {side} FROM pairs)""")


for side in SIDES:
    source = numbered(lines(folder, side, "csv"), "customer, ref, cents")
    db.execute(f"CREATE TABLE {side} AS SELECT * FROM {source}")
db.execute("""CREATE TABLE pairs AS SELECT o.id AS ours, t.id AS theirs, 'exact' AS rule
    FROM ours o JOIN theirs t USING (customer, ref, cents, nth)""")
keep_open(1, "{}", f"id, customer, day, cents, {NORMAL} AS normal")
RULES = (
    ("normalized", "customer, normal, cents", "o.cents = t.cents"),
    ("tolerance", "customer, normal", "abs(o.cents - t.cents) <= 5"),
    ("differs", "customer, normal", "true"),
)
for step, (rule, key, condition) in enumerate(RULES, 1):
    o, t = (numbered(f"{side}{step}", key) for side in SIDES)
    db.execute(f"""INSERT INTO pairs SELECT o.id, t.id, '{rule}' FROM {o} o JOIN {t} t
        ON o.customer = t.customer AND o.normal = t.normal AND o.nth = t.nth AND {condition}""")
    keep_open(step + 1, "{}" + str(step), "*")

db.execute("""CREATE TABLE candidates AS SELECT * FROM (
    SELECT t.id AS target, t.cents AS goal, o.id, o.cents,
        row_number() OVER (PARTITION BY t.id ORDER BY o.day DESC, o.id) AS place
    FROM theirs4 t JOIN ours4 o ON o.customer = t.customer
        AND o.day BETWEEN t.day - 14 AND t.day AND o.cents < t.cents) WHERE place <= 40""")
db.execute("""CREATE TABLE twos AS SELECT a.target, a.goal, a.id AS i, b.id AS j,
    a.cents + b.cents AS sum
    FROM candidates a JOIN candidates b ON a.target = b.target AND a.id < b.id
        AND a.cents + b.cents <= a.goal""")
db.execute("CREATE TABLE sums (target BIGINT, ids BIGINT[])")
OPEN = "target NOT IN (SELECT target FROM sums)"
# Three at a time are never kept: at 10 million lines that table alone would fill the memory.
THREES = """(SELECT p.target, p.goal, p.i, p.j, c.id AS k, p.sum + c.cents AS sum
    FROM twos p JOIN candidates c ON c.target = p.target AND c.id > p.j
        AND p.sum + c.cents < p.goal)"""
SEARCHES = (
    f"SELECT target, [i, j] FROM twos WHERE sum = goal AND {OPEN}",
    f"""SELECT p.target, [p.i, p.j, c.id] FROM twos p JOIN candidates c
        ON c.target = p.target AND c.cents = p.goal - p.sum AND c.id > p.j WHERE p.{OPEN}""",
    f"""SELECT a.target, [a.i, a.j, b.i, b.j] FROM twos a JOIN twos b ON a.target = b.target
        AND a.sum = b.goal - b.sum AND b.i > a.j WHERE a.{OPEN}""",
    f"""SELECT a.target, [a.i, a.j, a.k, b.i, b.j] FROM {THREES} a JOIN twos b
        ON a.target = b.target AND a.sum = b.goal - b.sum AND b.i > a.k WHERE a.{OPEN}""",
)
for search in SEARCHES:
    db.execute(f"INSERT INTO sums {search}")
db.execute("CREATE TABLE found AS SELECT target, arg_min(ids, ids) AS ids FROM sums GROUP BY 1")
db.execute("CREATE TABLE taken AS SELECT unnest(ids) AS id FROM found")
db.execute(f"""COPY (
    SELECT ours, theirs, rule FROM pairs
    UNION ALL SELECT unnest(ids), target, 'merged' FROM found
    UNION ALL SELECT id, NULL, 'only_ours' FROM ours4 WHERE id NOT IN (SELECT id FROM taken)
    UNION ALL SELECT NULL, id, 'only_theirs' FROM theirs4
        WHERE id NOT IN (SELECT target FROM found)
    ) TO '{out}' (FORMAT parquet)""")
