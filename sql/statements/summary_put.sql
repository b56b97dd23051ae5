-- summary_put.sql - How tasks ended. Parameters: arrays, in the order of the columns; people are joined by a
-- character that no id has.
insert into workflow.task_summary (instance_id, serial_no, ended, last, act_id, completion_flag, staff_id, people)
select u.instance_id, u.serial_no, u.ended, u.last, u.act_id, u.completion_flag, u.staff_id,
       string_to_array(u.people, e'\x1f')
  from (select unnest($1::uuid[]), unnest($2::int4[]), unnest($3::int4[]), unnest($4::int4[]),
               unnest($5::text[]), unnest($6::text[]), unnest($7::text[]), unnest($8::text[]))
    as u (instance_id, serial_no, ended, last, act_id, completion_flag, staff_id, people)
    on conflict (instance_id, serial_no, act_id) do update
   set ended = excluded.ended,
       last = excluded.last,
       completion_flag = excluded.completion_flag,
       staff_id = excluded.staff_id,
       people = excluded.people;
