"""Holds the pairs and groups of a result against the generator's truth: truth.py DATA RESULT

RESULT is a folder of Heqi or the one file of chain_duckdb.py. Counted is what was confirmed
(settled or differs), never what was only suggested. A pair is right if both lines stand for
one document; a group if it holds exactly the documents that were merged. A block of k
interchangeable lines a side is k pairs. Equal copies of a line are one document.
"""
import json
import os
import sys

import duckdb

data, result = sys.argv[1:3]
db = duckdb.connect()
for side in ("ours", "theirs"):
    # Only copies need a document of their own: the first line of the same reference.
    db.execute(f"""CREATE TABLE {side}_copy AS SELECT unnest(ids) AS id, first FROM (
        SELECT list(line_id) AS ids, min(line_id) AS first FROM '{data}/{side}.parquet'
        GROUP BY customer_id, ref HAVING count(*) > 1)""")


def document(side, id):
    return f"coalesce((SELECT first FROM {side}_copy c WHERE c.id = {id}), {id})"


db.execute(f"""CREATE TABLE truth AS
    SELECT DISTINCT {document('theirs', 'row.theirs_line_id')} AS theirs,
        {document('ours', 'row.ours_line_id')} AS ours, class = 'merged' AS merged
    FROM read_csv('{data}/truth.csv', header = true, nullstr = '', columns =
        {{'theirs_line_id': 'BIGINT', 'ours_line_id': 'BIGINT', 'class': 'VARCHAR'}}) row
    WHERE theirs_line_id IS NOT NULL AND ours_line_id IS NOT NULL""")

if os.path.isdir(result):
    db.execute(f"""CREATE TABLE member AS SELECT m.group_id AS grp, m.side,
            CAST(m.line_id AS BIGINT) AS id, g.n_ours, g.n_theirs
        FROM '{result}/members.parquet' m JOIN '{result}/groups.parquet' g USING (group_id)
        WHERE g.state IN ('settled', 'differs')""")
else:
    db.execute(f"""CREATE TABLE pairs AS
        SELECT ours, theirs, rule, count(*) OVER (PARTITION BY theirs) AS n_ours
        FROM '{result}' WHERE ours IS NOT NULL AND theirs IS NOT NULL""")
    db.execute("""CREATE TABLE member AS
        SELECT theirs AS grp, 'ours' AS side, ours AS id, n_ours, 1 AS n_theirs FROM pairs
        UNION ALL SELECT DISTINCT theirs, 'theirs', theirs, n_ours, 1 FROM pairs""")


def documents(side, condition):
    return (f"(SELECT grp, {document(side, 'member.id')} AS doc, n_ours FROM member "
            f"WHERE side = '{side}' AND {condition})")


def one(query):
    return db.execute(query).fetchone()


even = "n_ours = n_theirs"
claimed = one(f"SELECT count(*) FROM member WHERE side = 'ours' AND {even}")[0]
right = one(f"""SELECT count(DISTINCT (t.grp, t.doc)) FROM {documents('theirs', even)} t
    JOIN truth ON truth.theirs = t.doc AND NOT truth.merged
    JOIN {documents('ours', even)} o ON o.grp = t.grp AND o.doc = truth.ours""")[0]
# A pair of copies in one block is right twice, though its document is counted once.
copies = one(f"""SELECT count(*) - count(DISTINCT (grp, doc))
    FROM {documents('theirs', even + ' AND n_ours > 1')}""")[0]
true_groups = one("SELECT count(DISTINCT theirs) FROM truth WHERE merged")[0]
several = "n_ours <> n_theirs AND n_ours > 0 AND n_theirs > 0"
groups = one(f"SELECT count(DISTINCT grp) FROM member WHERE {several}")[0]
merged = several + " AND n_theirs = 1"
groups_right = one(f"""SELECT count(*) FROM (
    SELECT o.grp FROM {documents('ours', merged)} o
    JOIN {documents('theirs', merged)} t ON t.grp = o.grp
    JOIN (SELECT theirs, count(*) AS size FROM truth WHERE merged GROUP BY 1) g
        ON g.theirs = t.doc
    LEFT JOIN truth ON truth.theirs = t.doc AND truth.ours = o.doc AND truth.merged
    GROUP BY o.grp
    HAVING count(truth.ours) = any_value(g.size) AND count(*) = any_value(g.size))""")[0]
limited = {}
if os.path.isdir(result):
    # Where a search stopped at its budget the result has to say so; here it is counted.
    said = " UNION ALL ".join(f"SELECT side, line_id, reason FROM '{result}/{name}.parquet'"
                              for name in ("members", "residuals"))
    limited["lines at the search limit"] = one(f"""SELECT count(DISTINCT (side, line_id))
        FROM ({said}) WHERE contains(reason, 'search_limit')""")[0]
print(json.dumps(limited | {
    "pairs right": right + copies,
    "pairs wrong": claimed - right - copies,
    "groups claimed": groups,
    "groups right": groups_right,
    "groups true": true_groups,
    "group precision": groups_right / groups if groups else 1.0,
    "group recall": groups_right / true_groups if true_groups else 1.0,
}))
