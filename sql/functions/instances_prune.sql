-- instances_prune.sql - removes finished instances from a range of the table's blocks.
--
-- Called by `pawl db prune`, again and again, so that no transaction is long.  Instances that completed or were
-- cancelled before p_before go, with the ids of their commands and what else is left of them; their tasks are
-- in the history (history_prune).  Nothing changes a finished instance any more, so their owners are not disturbed.
-- Returns how many went.
create or replace function workflow.instances_prune(p_before timestamptz, p_first_block int8, p_last_block int8)
returns int8
language plpgsql volatile
set search_path = workflow, pg_temp
as $$
declare
    v_ids   uuid[];
    v_table text;
begin
    with gone as (
        delete from workflow.instance
         where ctid >= format('(%s,0)', p_first_block)::tid
           and ctid < format('(%s,0)', p_last_block + 1)::tid
           and date_completed < p_before
           and state in ('completed', 'cancelled')
        returning instance_id)
    select coalesce(array_agg(instance_id), '{}') into v_ids from gone;

    delete from workflow.command_id where scope = any (v_ids);
    foreach v_table in array array['batch', 'batch_winner', 'task_summary', 'incident', 'sub_process', 'subscription',
                                   'task_candidate', 'timer', 'reservation'] loop
        execute format('delete from workflow.%I where instance_id = any ($1)', v_table) using v_ids;
    end loop;
    return cardinality(v_ids);
end
$$;
comment on function workflow.instances_prune(timestamptz, int8, int8) is
    'Removes finished instances from a range of blocks; returns how many.';
revoke execute on function workflow.instances_prune(timestamptz, int8, int8) from public;
