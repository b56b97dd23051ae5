-- history_prune.sql - drops the history of whole months.
--
-- Called by `pawl db prune`.  Drops each partition of have_done_tasks and handed_on_tasks that ends at p_before or
-- earlier, and notes the time in the catalog, so that `pawl verify` does not miss what was removed; returns the
-- partitions' names.  p_before must be the first moment of a month, UTC.  The engine waits for it on a lock only while a
-- partition is detached.
create or replace function workflow.history_prune(p_before timestamptz)
returns setof text
language plpgsql volatile
set search_path = workflow, pg_temp
set timezone = 'UTC'
as $$
declare
    v_name text;
begin
    if p_before <> date_trunc('month', p_before) then
        raise exception '% does not begin a month', p_before using errcode = 'invalid_parameter_value';
    end if;
    update workflow.catalog set pruned_before = greatest(pruned_before, p_before);
    for v_name in
        select * from workflow.history_before(p_before)
    loop
        execute format('drop table workflow.%I', v_name);
        return next v_name;
    end loop;
end
$$;
comment on function workflow.history_prune(timestamptz) is 'Drops the partitions of the history that end by a time; returns their names.';
revoke execute on function workflow.history_prune(timestamptz) from public;
