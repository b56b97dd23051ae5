-- history_partitions_make.sql - makes the monthly partitions of have_done_tasks and handed_on_tasks ahead.
--
-- Called by the installation, and again by whoever keeps the database (`pawl db migrate`
-- does).  Makes this month's and those of the p_months after it, as far as they are missing, and
-- returns how many it made.  Rows of such a month that went to a default partition are
-- moved; only then does the engine wait, on a lock of that partition.
create or replace function workflow.history_partitions_make(p_months int4)
returns int4
language plpgsql volatile
set search_path = workflow, pg_temp
set timezone = 'UTC'
as $$
declare
    v_table text;
    v_time  text;
    v_from  timestamptz;
    v_to    timestamptz;
    v_name  text;
    v_made  int4 := 0;
begin
    for v_table, v_time, v_from in
        select t.*, m.*
          from (values ('have_done_tasks', 'date_ended'), ('handed_on_tasks', 'date_handed_on')) t,
               generate_series(date_trunc('month', now()), date_trunc('month', now()) + p_months * interval '1 month',
                               interval '1 month') m
         order by 1, 3
    loop
        v_to := v_from + interval '1 month';
        v_name := v_table || to_char(v_from, '_YYYY_MM');
        continue when to_regclass('workflow.' || v_name) is not null;

        execute format('create table workflow.%I (like workflow.%I including all)', v_name, v_table);
        execute format('lock table workflow.%I in access exclusive mode', v_table || '_default');
        execute format('with moved as (delete from workflow.%I where %I >= %L and %I < %L returning *)
                        insert into workflow.%I select * from moved',
                       v_table || '_default', v_time, v_from, v_time, v_to, v_name);
        execute format('alter table workflow.%I attach partition workflow.%I for values from (%L) to (%L)',
                       v_table, v_name, v_from, v_to);
        v_made := v_made + 1;
    end loop;
    return v_made;
end
$$;
comment on function workflow.history_partitions_make(int4) is
    'Makes the monthly partitions of have_done_tasks and handed_on_tasks ahead.';
