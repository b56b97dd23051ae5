-- summary_load.sql - How tasks of a unit's instances ended, where a rule depends on it; people are joined by a
-- character that no id has. $1 ids.
select u.i, s.serial_no, s.ended, s.last, s.act_id, s.completion_flag, s.staff_id, array_to_string(s.people, e'\x1f')
  from unnest($1::uuid[]) with ordinality as u (instance_id, i)
  join workflow.task_summary s
    on s.instance_id = any (array[u.instance_id])
 order by u.i, s.serial_no, s.act_id;
