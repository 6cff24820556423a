CREATE FUNCTION line_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO match_due (company_id, customer_id)
        SELECT DISTINCT company_id, customer_id FROM fresh WHERE state IN ('posted', 'withdrawn')
        ORDER BY company_id, customer_id
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER line_due_new AFTER INSERT ON line REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION line_due();
CREATE TRIGGER line_due_changed AFTER UPDATE ON line REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION line_due();
