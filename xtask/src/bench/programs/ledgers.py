"""How the peers read the two ledgers: the same columns, amounts in cents. Imported by them."""
COLUMNS = (
    "{'line_id': 'BIGINT', 'customer_id': 'VARCHAR', 'ref': 'VARCHAR', 'doc_date': 'DATE', "
    "'amount': 'DECIMAL(18,2)', 'type': 'VARCHAR', 'currency': 'VARCHAR', 'memo': 'VARCHAR'}"
)


def table(folder, side, kind):
    """SQL of one ledger as DuckDB reads it fastest: no guessing of types."""
    if kind == "parquet":
        return f"'{folder}/{side}.parquet'"
    options = "header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"'"
    return f"read_csv('{folder}/{side}.csv', {options}, columns = {COLUMNS})"


def lines(folder, side, kind):
    """SQL of one ledger with short names and the amount in cents."""
    source = table(folder, side, kind)
    return (
        "(SELECT line_id AS id, customer_id AS customer, ref, doc_date AS day, "
        f"CAST(amount * 100 AS BIGINT) AS cents FROM {source})"
    )
