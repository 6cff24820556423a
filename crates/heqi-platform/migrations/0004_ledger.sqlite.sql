CREATE TRIGGER line_posted_stays BEFORE UPDATE OF company_id, customer_id, side, currency, kind,
    reference, other_reference, memo, business_date, posting_date, due_date, amount, tax, freight,
    voucher_no, document_id, reverses_id, reason, content, created_by, posted_by, posted_at ON line
    WHEN old.state = 'posted' AND old.side = 'ours'
BEGIN SELECT RAISE(ABORT, 'a posted entry is never changed'); END;
-- An undone batch withdraws its lines; nothing else becomes of a posted one.
CREATE TRIGGER line_posted_stays_posted BEFORE UPDATE OF state ON line
    WHEN old.state = 'posted' AND old.side = 'ours' AND new.state NOT IN ('posted', 'withdrawn')
BEGIN SELECT RAISE(ABORT, 'a posted entry is never changed'); END;
CREATE TRIGGER line_withdrawn_stays BEFORE UPDATE ON line
    WHEN old.state = 'withdrawn' AND old.side = 'ours' AND old.voucher_no IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a withdrawn entry is never changed'); END;
CREATE TRIGGER line_posted_remains BEFORE DELETE ON line
    WHEN old.side = 'ours' AND old.voucher_no IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a posted entry is never deleted'); END;

CREATE TRIGGER goods_line_posted_stays BEFORE UPDATE ON goods_line
    WHEN EXISTS (SELECT 1 FROM line WHERE id = old.line_id AND voucher_no IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'the goods of a posted entry are never changed'); END;
CREATE TRIGGER goods_line_posted_remains BEFORE DELETE ON goods_line
    WHEN EXISTS (SELECT 1 FROM line WHERE id = old.line_id AND voucher_no IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'the goods of a posted entry are never deleted'); END;
