CREATE FUNCTION line_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a posted entry is never changed or deleted'; END $$;
CREATE TRIGGER line_posted_stays BEFORE UPDATE OF company_id, customer_id, side, currency, kind,
    reference, other_reference, memo, business_date, posting_date, due_date, amount, tax, freight,
    voucher_no, document_id, reverses_id, reason, content, created_by, posted_by, posted_at ON line
    FOR EACH ROW WHEN (old.state = 'posted' AND old.side = 'ours') EXECUTE FUNCTION line_refuse();
-- An undone batch withdraws its lines; nothing else becomes of a posted one.
CREATE TRIGGER line_posted_stays_posted BEFORE UPDATE OF state ON line
    FOR EACH ROW WHEN (old.state = 'posted' AND old.side = 'ours'
        AND new.state NOT IN ('posted', 'withdrawn')) EXECUTE FUNCTION line_refuse();
CREATE TRIGGER line_withdrawn_stays BEFORE UPDATE ON line
    FOR EACH ROW WHEN (old.state = 'withdrawn' AND old.side = 'ours'
        AND old.voucher_no IS NOT NULL) EXECUTE FUNCTION line_refuse();
CREATE TRIGGER line_posted_remains BEFORE DELETE ON line
    FOR EACH ROW WHEN (old.side = 'ours' AND old.voucher_no IS NOT NULL)
    EXECUTE FUNCTION line_refuse();

CREATE FUNCTION goods_line_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM line WHERE id = old.line_id AND voucher_no IS NOT NULL) THEN
        RAISE EXCEPTION 'the goods of a posted entry are never changed or deleted';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN old; END IF;
    RETURN new;
END $$;
CREATE TRIGGER goods_line_posted_stays BEFORE UPDATE OR DELETE ON goods_line
    FOR EACH ROW EXECUTE FUNCTION goods_line_refuse();
