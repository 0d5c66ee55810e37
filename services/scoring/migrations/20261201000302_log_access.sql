-- Who read what belongs to single bodies, not by the right of these bodies but by an office of theirs.
-- Written before the answer is given, and never changed: what it is good for is that it is whole.

CREATE TABLE access_entry (
    jurisdiction text COLLATE "C" NOT NULL,
    -- Rises with time.
    entry uuid NOT NULL,
    -- Who: the subject of the token, the program that acted for them, and what they are.
    actor text NOT NULL,
    through text NOT NULL,
    roles text[] NOT NULL,
    -- How, as `package.Service/Method`, and what: the name of a resource, or of a collection.
    action text NOT NULL,
    resource text COLLATE "C" NOT NULL,
    request_id text NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (jurisdiction, entry)
);

CREATE TRIGGER access_is_fixed BEFORE UPDATE OR DELETE ON access_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER access_is_kept BEFORE TRUNCATE ON access_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
DECLARE
    granted record;
BEGIN
    FOR granted IN
        SELECT DISTINCT acl.grantee::regrole AS role
        FROM pg_class, aclexplode(relacl) AS acl
        WHERE oid = 'access_entry'::regclass AND acl.grantee <> relowner AND acl.grantee <> 0
    LOOP
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON access_entry FROM %s', granted.role);
    END LOOP;
END $$;
