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
