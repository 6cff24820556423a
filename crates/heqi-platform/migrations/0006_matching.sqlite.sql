CREATE TRIGGER ledger_due_new AFTER INSERT ON ledger_change
BEGIN
    INSERT INTO match_due (company_id, customer_id) VALUES (new.company_id, new.customer_id)
        ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER ledger_due_again AFTER UPDATE OF sequence ON ledger_change
BEGIN
    INSERT INTO match_due (company_id, customer_id) VALUES (new.company_id, new.customer_id)
        ON CONFLICT DO NOTHING;
END;

-- Two customers that become one, or two again, are matched anew.
CREATE TRIGGER customer_due AFTER UPDATE OF merged_into ON customer
WHEN new.merged_into IS NOT old.merged_into
BEGIN
    INSERT INTO match_due (company_id, customer_id) VALUES (new.company_id, new.id)
        ON CONFLICT DO NOTHING;
    INSERT INTO match_due (company_id, customer_id)
        SELECT new.company_id, old.merged_into WHERE old.merged_into IS NOT NULL
        ON CONFLICT DO NOTHING;
END;
