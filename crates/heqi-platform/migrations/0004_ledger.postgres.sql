CREATE FUNCTION line_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a posted entry is never changed or deleted'; END $$;
CREATE TRIGGER line_posted_stays BEFORE UPDATE OF customer_id, side, currency, kind, reference,
    other_reference, memo, business_date, posting_date, due_date, amount, tax, freight,
    voucher_no, content ON line
    FOR EACH ROW WHEN (old.state = 'posted' AND old.side = 'ours') EXECUTE FUNCTION line_refuse();
CREATE TRIGGER line_posted_remains BEFORE DELETE ON line
    FOR EACH ROW WHEN (old.state = 'posted' AND old.side = 'ours') EXECUTE FUNCTION line_refuse();
