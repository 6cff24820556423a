"""The plain join in Polars, streaming: plain_polars.py FOLDER csv|parquet OUT"""
import json
import sys

import polars as pl

folder, kind, out = sys.argv[1:4]


def side(name):
    if kind == "parquet":
        amount = pl.col("amount").cast(pl.Decimal(18, 2)) * 100
        frame = pl.scan_parquet(f"{folder}/{name}.parquet")
    else:
        amount = (pl.col("amount") * 100).round()
        types = {"line_id": pl.Int64, "amount": pl.Float64}
        frame = pl.scan_csv(f"{folder}/{name}.csv", schema_overrides=types)
    return frame.select("line_id", "customer_id", "ref", cents=amount.cast(pl.Int64))


ours, theirs = pl.col("line_id"), pl.col("line_id_theirs")
answer = (
    pl.when(ours.is_null()).then(pl.lit("only_theirs"))
    .when(theirs.is_null()).then(pl.lit("only_ours"))
    .when(pl.col("cents") == pl.col("cents_theirs")).then(pl.lit("matched"))
    .otherwise(pl.lit("differs"))
)
joined = side("ours").join(
    side("theirs"), on=["customer_id", "ref"], how="full", coalesce=True, suffix="_theirs"
)
joined.with_columns(answer=answer).sink_parquet(out, engine="streaming", compression="snappy")
counts = pl.scan_parquet(out).group_by("answer").len().collect()
print(json.dumps(dict(counts.rows())))
