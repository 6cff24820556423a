"""Makes what the workloads need from the generated CSV: prepare.py FOLDER KIND TARGET

KIND parquet: the same two ledgers as Parquet, in the same folder (TARGET is not used).
KIND many: the same lines spread evenly over 1,000 customers, as CSV in TARGET.
KIND skew: one customer holds every line, half the dates are blank, as CSV in TARGET.
"""
import os
import sys

import duckdb

from ledgers import table

folder, kind, target = sys.argv[1:4]
# A document keeps its customer on both sides: its number decides, however it is written.
number = "CAST(regexp_extract(ref, '([0-9]+)$', 1) AS BIGINT)"
CHANGES = {
    "parquet": "*",
    "many": f"* REPLACE (printf('C%07d', {number} % 1000) AS customer_id)",
    "skew": f"""* REPLACE ('C0000001' AS customer_id,
        CASE WHEN {number} % 2 = 0 THEN doc_date END AS doc_date)""",
}
connection = duckdb.connect()
os.makedirs(target, exist_ok=True)
for side in ("ours", "theirs"):
    query = f"SELECT {CHANGES[kind]} FROM {table(folder, side, 'csv')}"
    if kind == "parquet":
        file, options = f"{folder}/{side}.parquet", "FORMAT parquet, COMPRESSION zstd"
    else:
        file, options = f"{target}/{side}.csv", "FORMAT csv, HEADER true"
    # A name of its own until it is whole: an interrupted run leaves nothing half-made.
    connection.execute(f"COPY ({query}) TO '{file}.part' ({options})")
    os.replace(f"{file}.part", file)
