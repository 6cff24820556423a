CREATE TRIGGER line_posted_stays BEFORE UPDATE OF customer_id, side, currency, kind, reference,
    other_reference, memo, business_date, posting_date, due_date, amount, tax, freight,
    voucher_no, content ON line WHEN old.state = 'posted' AND old.side = 'ours'
BEGIN SELECT RAISE(ABORT, 'a posted entry is never changed'); END;
CREATE TRIGGER line_posted_remains BEFORE DELETE ON line WHEN old.state = 'posted' AND old.side = 'ours'
BEGIN SELECT RAISE(ABORT, 'a posted entry is never deleted'); END;
