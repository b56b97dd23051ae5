-- task_load.sql - Open tasks of a unit's instances, in order; a row for each arrival of a task that has
-- gathered some. $1 ids.
select u.i, t.n, t.state::text, t.act_id, t.pre_act_id, t.serial_no, t.branch_no, t.staff_id, t.grantor_id,
       t.executor_id, t.group_based_on::text, t.group_id, t.completion_flag, t.attempt, t.date_created, t.date_waiting,
       t.date_processing, t.date_changed, t.waiting_time, t.paused_time, t.due_at,
       t.unassigned, a.i, a.pre_act_id, a.serial_no, a.branch_no, a.flag,
       case when t.group_based_on = 'user_defined' then
           (select string_agg(c.staff_id, e'\x1f' order by c.staff_id)
              from workflow.task_candidate c
             where c.instance_id = any (array[t.instance_id])
               and c.n = t.n) end,
       t.timer::text, t.timer_at, t.incident->>'id', t.incident->>'code', t.incident->>'detail',
       t.incident->>'timer', (t.incident->>'attempt')::int4, (t.incident->>'date_created')::int8,
       t.given_back
  from unnest($1::uuid[]) with ordinality as u (instance_id, i)
  join workflow.to_do_task_list t
    on t.instance_id = any (array[u.instance_id])
  left join lateral (
       select a.*
         from rows from (
                  jsonb_to_recordset(t.arrivals) as (pre_act_id text, serial_no int4, branch_no int4, flag text)
              ) with ordinality as a (pre_act_id, serial_no, branch_no, flag, i)
        where t.arrivals is not null -- few have any: the function is not even begun
       offset 0) as a
    on true
 order by u.i, t.n, a.i;
