-- Imports 导入: files as received, batches, staged rows, templates.

-- A file 来源文件 by its digest: the same bytes twice are the same file.
CREATE TABLE source_file (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    digest TEXT NOT NULL,
    name TEXT NOT NULL,
    size BIGINT NOT NULL,
    received_by TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    UNIQUE (company_id, digest)
);

-- One import 导入批次: a file on its way into a ledger.
CREATE TABLE import_batch (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    file_id BIGINT NOT NULL REFERENCES source_file (id),
    -- The name it had this time.
    file_name TEXT NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('ours', 'theirs')),
    state TEXT NOT NULL CHECK (state IN ('received', 'inspected', 'mapped', 'checked', 'committed', 'undone', 'discarded')),
    -- The import whose rejected rows this one brings, mended.
    mends_id BIGINT REFERENCES import_batch (id),
    -- JSON: what a person said about columns, dates, view, customer.
    mapping TEXT NOT NULL,
    -- The saved template that was recognised, and the TOML that the file was read with.
    template_id BIGINT,
    template TEXT NOT NULL DEFAULT '',
    fingerprint TEXT NOT NULL DEFAULT '',
    -- JSON, each: how the file was understood; what was counted; why it cannot be read.
    inspection TEXT,
    totals TEXT,
    problem TEXT,
    -- JSON: what a person decided about groups of possible duplicates.
    decisions TEXT NOT NULL DEFAULT '{}',
    -- Digest of what a commit would do.
    plan TEXT NOT NULL DEFAULT '',
    job_id BIGINT,
    version BIGINT NOT NULL DEFAULT 1,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    committed_by TEXT NOT NULL DEFAULT '',
    committed_at BIGINT,
    undone_by TEXT NOT NULL DEFAULT '',
    undone_at BIGINT
);
CREATE INDEX import_batch_company ON import_batch (company_id, id);
CREATE INDEX import_batch_file ON import_batch (file_id);
CREATE INDEX import_batch_mends ON import_batch (mends_id) WHERE mends_id IS NOT NULL;

-- A row of the file: as it stands, as it was understood, and what is to become of it.
CREATE TABLE import_line (
    batch_id BIGINT NOT NULL REFERENCES import_batch (id),
    row_no BIGINT NOT NULL,
    company_id BIGINT NOT NULL,
    -- JSON array of the cells, byte for byte as decoded.
    raw TEXT NOT NULL,
    customer_text TEXT NOT NULL DEFAULT '',
    customer_id BIGINT,
    currency TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL DEFAULT '',
    reference TEXT NOT NULL DEFAULT '',
    other_reference TEXT NOT NULL DEFAULT '',
    memo TEXT NOT NULL DEFAULT '',
    business_date TEXT NOT NULL DEFAULT '',
    due_date TEXT,
    -- Signed from the receivable's side; none where it could not be read.
    amount BIGINT,
    -- The tax in it, without a sign.
    tax BIGINT,
    -- Code of what a person should look at, though it can be posted; empty if nothing.
    warning TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL CHECK (status IN ('new', 'known', 'possible', 'rejected')),
    -- Code of what is wrong with it or makes it possible; empty if nothing does.
    problem TEXT NOT NULL DEFAULT '',
    -- JSON: column and value at fault.
    problems TEXT NOT NULL DEFAULT '',
    -- The line of the ledger that it equals or resembles.
    twin_id BIGINT,
    PRIMARY KEY (batch_id, row_no)
);
CREATE INDEX import_line_status ON import_line (batch_id, status, row_no);

-- How one kind of file is read, known again by the fingerprint of its header.
CREATE TABLE import_template (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('ours', 'theirs')),
    fingerprint TEXT NOT NULL,
    name TEXT NOT NULL,
    toml TEXT NOT NULL,
    version BIGINT NOT NULL DEFAULT 1,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (company_id, side, fingerprint)
);
