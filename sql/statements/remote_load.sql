-- remote_load.sql - What works for the tasks of a unit's instances, in order, and is still of interest. $1 ids.
select u.i, s.n, s.attempt, s.engine, s.process_id, s.version, s.remote_instance_id, s.position, s.incarnation,
       s.state::text, s.completion_flag, s.code, s.detail, s.held, s.date_created, s.date_changed
  from unnest($1::uuid[]) with ordinality as u (instance_id, i)
  join workflow.sub_process s
    on s.instance_id = any (array[u.instance_id])
   and not s.closed
 order by u.i, s.n, s.attempt;
