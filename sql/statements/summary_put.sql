-- summary_put.sql - How tasks ended. Parameters: arrays, in the order of the columns.
insert into workflow.task_summary (instance_id, serial_no, ended, last, act_id, completion_flag, staff_id)
select *
  from unnest($1::uuid[], $2::int4[], $3::int4[], $4::int4[], $5::text[], $6::text[], $7::text[])
    on conflict (instance_id, serial_no, act_id) do update
   set ended = excluded.ended,
       last = excluded.last,
       completion_flag = excluded.completion_flag,
       staff_id = excluded.staff_id;
