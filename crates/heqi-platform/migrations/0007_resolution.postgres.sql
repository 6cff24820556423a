CREATE FUNCTION adjustment_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'what an adjustment says is never changed or deleted'; END $$;
CREATE TRIGGER adjustment_stays BEFORE UPDATE OF company_id, customer_id, currency, discrepancy_id,
    kind, amount, book_date, account, reason, evidence, other_reference, reverses_id, within_limit,
    proposed_by ON adjustment
    FOR EACH ROW EXECUTE FUNCTION adjustment_refuse();
CREATE TRIGGER adjustment_decided BEFORE UPDATE ON adjustment
    FOR EACH ROW WHEN (old.state <> 'proposed') EXECUTE FUNCTION adjustment_refuse();
CREATE TRIGGER adjustment_remains BEFORE DELETE ON adjustment
    FOR EACH ROW EXECUTE FUNCTION adjustment_refuse();
