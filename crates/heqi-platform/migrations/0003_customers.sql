-- Customers 客户: who owes us, and whom we ask.

CREATE TABLE customer (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL REFERENCES company (id),
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Folded for search: the name as it is compared, its pinyin and its initials.
    search TEXT NOT NULL DEFAULT '',
    credit_code TEXT NOT NULL DEFAULT '',
    parent_id BIGINT REFERENCES customer (id),
    owner_id BIGINT,
    department TEXT NOT NULL DEFAULT '',
    region TEXT NOT NULL DEFAULT '',
    currency TEXT NOT NULL DEFAULT 'CNY',
    term_days BIGINT NOT NULL DEFAULT 30,
    credit_limit BIGINT,
    tags TEXT NOT NULL DEFAULT '[]',
    address TEXT NOT NULL DEFAULT '',
    language TEXT NOT NULL DEFAULT 'zh',
    statement_template TEXT NOT NULL DEFAULT '',
    invoice_title TEXT NOT NULL DEFAULT '',
    -- Sealed: account number and bank as JSON; and an index to find the same account by.
    bank_sealed TEXT NOT NULL DEFAULT '',
    bank_index BYTEA,
    note TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'stopped', 'merged')),
    merged_into BIGINT REFERENCES customer (id),
    -- The last day of the last signed period: nothing is dated on or before it any more.
    locked_through TEXT NOT NULL DEFAULT '',
    version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (company_id, code)
);
CREATE INDEX customer_name ON customer (company_id, name, id);
CREATE INDEX customer_owner ON customer (company_id, owner_id);
CREATE INDEX customer_credit_code ON customer (company_id, credit_code);

CREATE TABLE customer_alias (
    company_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL REFERENCES customer (id),
    alias TEXT NOT NULL,
    -- The alias as it is compared: one customer for one folded name.
    folded TEXT NOT NULL,
    UNIQUE (company_id, folded)
);
CREATE INDEX customer_alias_customer ON customer_alias (customer_id);

CREATE TABLE customer_contact (
    id BIGINT PRIMARY KEY,
    company_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL REFERENCES customer (id),
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('reconciliation', 'finance', 'purchasing', 'other')),
    phone_sealed TEXT NOT NULL DEFAULT '',
    email TEXT NOT NULL DEFAULT '',
    channel TEXT NOT NULL DEFAULT '',
    position BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX customer_contact_customer ON customer_contact (customer_id);
