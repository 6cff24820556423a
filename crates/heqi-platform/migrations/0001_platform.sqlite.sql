CREATE TRIGGER audit_record_stays BEFORE UPDATE ON audit_record
BEGIN SELECT RAISE(ABORT, 'an audit record is never changed'); END;
CREATE TRIGGER audit_record_remains BEFORE DELETE ON audit_record
BEGIN SELECT RAISE(ABORT, 'an audit record is never deleted'); END;
CREATE TRIGGER audit_head_remains BEFORE DELETE ON audit_head
BEGIN SELECT RAISE(ABORT, 'the end of an audit chain is never deleted'); END;
CREATE TRIGGER audit_head_advances BEFORE UPDATE ON audit_head WHEN new.sequence <= old.sequence
BEGIN SELECT RAISE(ABORT, 'an audit chain only grows'); END;
