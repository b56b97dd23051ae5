-- preload.sql - what a database holds that has been in use for a year: copies of two instances that the engine made.
--
--   psql -v open_id=UUID -v done_id=UUID -v open=N -v done=N -f preload.sql
--
-- Each copy has an id of its own, UUID version 7 of its time, and all rows of its model: its tasks, open or over, and the ids
-- of its commands.  The open ones began in the last month, the others are spread evenly over twelve.  Nothing of them is on
-- the bus, so `pawl verify` misses their events.
\set ON_ERROR_STOP on

-- History goes to the partition of its month.
do $$
declare
    v_from timestamptz;
    v_name text;
begin
    for v_from in
        select generate_series(date_trunc('month', now()) - interval '12 months',
                               date_trunc('month', now()) - interval '1 month', interval '1 month')
    loop
        v_name := 'have_done_tasks' || to_char(v_from, '_YYYY_MM');
        continue when to_regclass('workflow.' || v_name) is not null;
        execute format('create table workflow.%I partition of workflow.have_done_tasks for values from (%L) to (%L)',
                       v_name, v_from, v_from + interval '1 month');
    end loop;
end
$$;

-- A UUID version 7 of a time, as RFC 9562 lays it out.
create function pg_temp.uuid_at(p_time timestamptz)
returns uuid
language sql volatile
as $$
    select (lpad(to_hex((extract(epoch from p_time) * 1000)::int8), 12, '0') || '7' || substr(md5(random()::text), 1, 3)
            || 'a' || substr(md5(random()::text), 1, 15))::uuid
$$;

create temp table copied as
select pg_temp.uuid_at(at) as instance_id, at - begun as shift, original
  from (select :'open_id'::uuid as original, now() - interval '1 month' * ((:open - n) / greatest(:open, 1)::float8) as at
          from generate_series(1, :open) n
         union all
        select :'done_id'::uuid, now() - interval '1 year' * ((:done - n) / greatest(:done, 1)::float8)
          from generate_series(1, :done) n) wanted,
       lateral (select date_created as begun from workflow.instance where instance_id = original) o;
analyze copied;

-- insert … select of all columns of a table, in the order of the copies: the id and each time are the copy's.
select format('insert into workflow.%I (%s) select %s from copied c join workflow.%I t on t.%I = c.original;',
              c.relname, string_agg(quote_ident(a.attname), ', ' order by a.attnum),
              string_agg(case when a.attname in ('instance_id', 'scope') and a.attname = key then 'c.instance_id'
                              when a.atttypid = 'timestamptz'::regtype then format('t.%I + c.shift', a.attname)
                              else format('t.%I', a.attname) end, ', ' order by a.attnum),
              c.relname, key)
  from (values ('instance', 'instance_id'), ('to_do_task_list', 'instance_id'), ('have_done_tasks', 'instance_id'),
               ('command_id', 'scope')) m (name, key)
  join pg_class c on c.relname = m.name and c.relnamespace = 'workflow'::regnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 group by c.relname, key
\gexec

drop table copied;
