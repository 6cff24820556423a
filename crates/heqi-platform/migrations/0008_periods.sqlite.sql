CREATE TRIGGER period_seal_stays BEFORE UPDATE OF period_id, number, company_id, snapshot, digest,
    checkpoint, prepared_by, prepared_at, approved_by, approved_at, signed_by, signed_at
    ON period_seal
BEGIN SELECT RAISE(ABORT, 'what was signed is never changed'); END;
CREATE TRIGGER period_seal_remains BEFORE DELETE ON period_seal
BEGIN SELECT RAISE(ABORT, 'what was signed is never deleted'); END;
CREATE TRIGGER audit_checkpoint_stays BEFORE UPDATE ON audit_checkpoint
BEGIN SELECT RAISE(ABORT, 'a checkpoint is never changed'); END;
CREATE TRIGGER audit_checkpoint_remains BEFORE DELETE ON audit_checkpoint
BEGIN SELECT RAISE(ABORT, 'a checkpoint is never deleted'); END;
