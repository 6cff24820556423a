"""Counts a result folder of Heqi as a plain comparison: answer.py RESULT

From the tables that a user gets, not from what the program says about itself.
"""
import json
import sys

import duckdb

result = sys.argv[1]


def count(query):
    return duckdb.execute(query).fetchall()[0][0]


def groups(state):
    return count(f"SELECT coalesce(sum(n_ours), 0)::BIGINT FROM '{result}/groups.parquet' "
                 f"WHERE state = '{state}' AND n_ours = n_theirs")


def residuals(side):
    return count(f"SELECT count(*) FROM '{result}/residuals.parquet' WHERE side = '{side}'")


print(json.dumps(dict(matched=groups("settled"), differs=groups("differs"),
                      only_ours=residuals("ours"), only_theirs=residuals("theirs"))))
