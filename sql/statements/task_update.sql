-- task_update.sql - Open tasks that changed. Parameters: arrays, in the order of the columns of u; barred people are
-- joined by a character that no id has.
update workflow.to_do_task_list o
   set state = u.state::workflow.task_state,
       pre_act_id = u.pre_act_id,
       serial_no = u.serial_no,
       branch_no = u.branch_no,
       staff_id = u.staff_id,
       grantor_id = u.grantor_id,
       executor_id = u.executor_id,
       group_based_on = u.group_based_on::workflow.based_on,
       group_id = u.group_id,
       completion_flag = u.completion_flag,
       attempt = u.attempt,
       date_waiting = u.date_waiting,
       date_processing = u.date_processing,
       date_changed = u.date_changed,
       waiting_time = u.waiting_time,
       paused_time = u.paused_time,
       due_at = u.due_at,
       arrivals = u.arrivals::jsonb,
       barred = string_to_array(u.barred, e'\x1f'),
       unassigned = u.unassigned,
       timer = u.timer::workflow.timer_kind,
       timer_at = u.timer_at,
       incident = u.incident::jsonb,
       given_back = u.given_back
  from (select unnest($1::uuid[]), unnest($2::int4[]), unnest($3::text[]), unnest($4::text[]),
               unnest($5::int4[]), unnest($6::int4[]), unnest($7::text[]), unnest($8::text[]),
               unnest($9::text[]), unnest($10::text[]), unnest($11::text[]), unnest($12::text[]),
               unnest($13::int4[]), unnest($14::timestamptz[]), unnest($15::timestamptz[]),
               unnest($16::timestamptz[]), unnest($17::int8[]), unnest($18::int8[]), unnest($19::timestamptz[]),
               unnest($20::text[]), unnest($21::text[]), unnest($22::bool[]), unnest($23::text[]),
               unnest($24::timestamptz[]), unnest($25::text[]), unnest($26::int4[]))
    as u (instance_id, n, state, pre_act_id, serial_no, branch_no, staff_id, grantor_id, executor_id,
          group_based_on, group_id, completion_flag, attempt, date_waiting, date_processing, date_changed,
          waiting_time, paused_time, due_at, arrivals, barred, unassigned, timer, timer_at, incident, given_back)
 where o.instance_id = any (array[u.instance_id])
   and o.n = u.n;
