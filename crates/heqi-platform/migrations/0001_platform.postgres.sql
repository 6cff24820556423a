CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'an audit record is never changed or deleted'; END $$;
CREATE TRIGGER audit_record_stays BEFORE UPDATE OR DELETE ON audit_record
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_record_not_emptied BEFORE TRUNCATE ON audit_record
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_head_remains BEFORE DELETE ON audit_head
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_head_not_emptied BEFORE TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_head_advances BEFORE UPDATE ON audit_head
    FOR EACH ROW WHEN (new.sequence <= old.sequence) EXECUTE FUNCTION audit_refuse();

-- Only the owner of a table may renew its statistics; the role of the server, which owns nothing,
-- does it through this.
CREATE FUNCTION renew_statistics(which REGCLASS) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN EXECUTE format('ANALYZE %s', which); END $$;
REVOKE EXECUTE ON FUNCTION renew_statistics(REGCLASS) FROM PUBLIC;
