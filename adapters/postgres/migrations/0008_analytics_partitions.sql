-- Partitions are made ahead: last month's, for events that come late, this month's and the next three. An event never finds its partition missing, and a
-- partition is never made in a hurry. Called after every migration and daily by the relay. Twice is once.
CREATE FUNCTION ensure_analytics_partitions() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    first_day date;
    partition text;
    made      integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_analytics_partitions'));
    FOR months_ahead IN -1..3 LOOP
        first_day := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => months_ahead))::date;
        partition := format('analytics_events_%s', to_char(first_day, 'YYYY_MM'));
        CONTINUE WHEN to_regclass('public.' || partition) IS NOT NULL;
        EXECUTE format('CREATE TABLE public.%I PARTITION OF public.analytics_events FOR VALUES FROM (%L) TO (%L)', partition,
                       first_day::timestamp AT TIME ZONE 'UTC',
                       (first_day + interval '1 month')::timestamp AT TIME ZONE 'UTC');
        -- Nobody is granted a partition; the policy stands there all the same, should somebody be one day.
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', partition);
        EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', partition);
        EXECUTE format(
            'CREATE POLICY creator ON public.%I TO mentora_app
                 USING (creator_id = (SELECT public.current_creator()))
                 WITH CHECK (creator_id = (SELECT public.current_creator()))', partition);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;
REVOKE EXECUTE ON FUNCTION ensure_analytics_partitions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_analytics_partitions() TO mentora_relay;
SELECT ensure_analytics_partitions();
