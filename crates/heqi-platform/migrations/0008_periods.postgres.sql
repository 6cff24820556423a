CREATE FUNCTION seal_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'what was signed is never changed or deleted'; END $$;
CREATE TRIGGER period_seal_stays BEFORE UPDATE OF period_id, number, company_id, snapshot, digest,
    checkpoint, prepared_by, prepared_at, approved_by, approved_at, signed_by, signed_at
    ON period_seal FOR EACH ROW EXECUTE FUNCTION seal_refuse();
CREATE TRIGGER period_seal_remains BEFORE DELETE ON period_seal
    FOR EACH ROW EXECUTE FUNCTION seal_refuse();
CREATE TRIGGER audit_checkpoint_stays BEFORE UPDATE OR DELETE ON audit_checkpoint
    FOR EACH ROW EXECUTE FUNCTION seal_refuse();
