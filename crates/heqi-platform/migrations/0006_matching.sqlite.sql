CREATE TRIGGER line_due_new AFTER INSERT ON line WHEN new.state = 'posted'
BEGIN
    INSERT INTO match_due (company_id, customer_id) VALUES (new.company_id, new.customer_id)
        ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER line_due_changed AFTER UPDATE OF state ON line
    WHEN new.state IN ('posted', 'withdrawn') AND new.state <> old.state
BEGIN
    INSERT INTO match_due (company_id, customer_id) VALUES (new.company_id, new.customer_id)
        ON CONFLICT DO NOTHING;
END;
