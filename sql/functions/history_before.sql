-- history_before.sql - what of the history is so old that it may go.
--
-- Called by history_prune(), and by `pawl db prune --dry-run`: the partitions of have_done_tasks and handed_on_tasks that
-- end at p_before or earlier.
create or replace function workflow.history_before(p_before timestamptz)
returns setof name
language sql stable
set search_path = workflow, pg_temp
set timezone = 'UTC'
as $$
    select c.relname
      from pg_inherits i
      join pg_class c on c.oid = i.inhrelid
     where i.inhparent in ('workflow.have_done_tasks'::regclass, 'workflow.handed_on_tasks'::regclass)
       and c.relname ~ '_\d{4}_\d{2}$'
       and to_timestamp(right(c.relname, 7), 'YYYY_MM') < p_before
     order by c.relname
$$;
comment on function workflow.history_before(timestamptz) is 'The partitions of the history that end by a time.';
revoke execute on function workflow.history_before(timestamptz) from public;
