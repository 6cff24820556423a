CREATE FUNCTION ledger_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO match_due (company_id, customer_id) VALUES (new.company_id, new.customer_id)
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_due AFTER INSERT OR UPDATE ON ledger_change
    FOR EACH ROW EXECUTE FUNCTION ledger_due();
