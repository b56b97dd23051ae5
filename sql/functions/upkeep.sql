-- upkeep.sql - what a database needs now and then; any worker calls it, every hour.
--
-- Makes the history's partitions of the coming months, and forgets ids of commands that are older than
-- p_keep_ids, up to p_limit of them.  Ids that belong to an instance are kept as long as the instance.  Returns how many
-- were forgotten: as many as p_limit means that there are more.  Runs with its owner's rights: workers may not make tables.
create or replace function workflow.upkeep(p_keep_ids interval, p_limit int4)
returns int4
language plpgsql volatile security definer
set search_path = workflow, pg_temp
as $$
declare
    v_count int4;
begin
    if pg_try_advisory_xact_lock(hashtext('workflow.upkeep')) then
        perform workflow.history_partitions_make(3);
    end if;
    delete from workflow.command_id
     where ctid in (select ctid
                      from workflow.command_id
                     where date_created < now() - p_keep_ids
                     order by date_created
                     limit p_limit
                       for update skip locked);
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
comment on function workflow.upkeep(interval, int4) is
    'Makes partitions of the history ahead and forgets old ids of commands; returns how many.';
revoke execute on function workflow.upkeep(interval, int4) from public;
