CREATE FUNCTION ledger_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO match_due (company_id, customer_id) VALUES (new.company_id, new.customer_id)
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_due AFTER INSERT OR UPDATE ON ledger_change
    FOR EACH ROW EXECUTE FUNCTION ledger_due();

-- Two customers that become one, or two again, are matched anew.
CREATE FUNCTION customer_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF new.merged_into IS DISTINCT FROM old.merged_into THEN
        INSERT INTO match_due (company_id, customer_id) VALUES (new.company_id, new.id)
            ON CONFLICT DO NOTHING;
        IF old.merged_into IS NOT NULL THEN
            INSERT INTO match_due (company_id, customer_id)
                VALUES (new.company_id, old.merged_into) ON CONFLICT DO NOTHING;
        END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER customer_due AFTER UPDATE OF merged_into ON customer
    FOR EACH ROW EXECUTE FUNCTION customer_due();
