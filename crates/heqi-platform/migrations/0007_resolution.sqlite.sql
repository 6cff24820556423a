CREATE TRIGGER adjustment_stays BEFORE UPDATE OF company_id, customer_id, currency, discrepancy_id,
    kind, amount, book_date, account, reason, evidence, other_reference, reverses_id, within_limit,
    proposed_by ON adjustment
BEGIN SELECT RAISE(ABORT, 'what an adjustment says is never changed'); END;
CREATE TRIGGER adjustment_decided BEFORE UPDATE ON adjustment WHEN old.state <> 'proposed'
BEGIN SELECT RAISE(ABORT, 'a decided adjustment is never changed'); END;
CREATE TRIGGER adjustment_remains BEFORE DELETE ON adjustment
BEGIN SELECT RAISE(ABORT, 'an adjustment is never deleted'); END;
