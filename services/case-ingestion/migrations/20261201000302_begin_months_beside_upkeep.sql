-- A month began under a lock of every part of `event`, for which it waited a second until the upkeep of some part by the
-- database was broken off. The lock of the whole alone keeps others from beginning the same month.
CREATE OR REPLACE FUNCTION begin_month(wanted date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    part text := 'event_' || to_char(wanted, 'YYYY_MM');
    whole text := format('%I.%I', current_schema(), part);
    granted record;
BEGIN
    IF extract(day FROM wanted) <> 1 OR wanted NOT BETWEEN '2000-01-01' AND '2099-12-01' THEN
        RAISE EXCEPTION '% is no month that events are kept by', wanted;
    END IF;
    IF to_regclass(whole) IS NOT NULL THEN
        RETURN;
    END IF;
    -- Two may want the same month. Writers go on.
    LOCK TABLE ONLY event IN SHARE UPDATE EXCLUSIVE MODE;
    IF to_regclass(whole) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE event INCLUDING ALL)', part);
    FOR granted IN
        SELECT DISTINCT acl.grantee::regrole AS role
        FROM pg_class, aclexplode(relacl) AS acl
        WHERE oid = to_regclass(whole) AND acl.grantee <> relowner AND acl.grantee <> 0
    LOOP
        EXECUTE format('REVOKE ALL ON %I FROM %s', part, granted.role);
    END LOOP;
    EXECUTE format('ALTER TABLE event ATTACH PARTITION %I FOR VALUES IN (%L)', part, wanted);
END $$;

-- Replacing it took this away.
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION begin_month(date) SET search_path = %I, pg_temp',
                   current_schema());
END $$;
