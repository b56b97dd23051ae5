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
  from unnest($1::uuid[], $2::int4[], $3::text[], $4::text[], $5::int4[], $6::int4[], $7::text[], $8::text[],
              $9::text[], $10::text[], $11::text[], $12::text[], $13::int4[], $14::timestamptz[],
              $15::timestamptz[], $16::timestamptz[], $17::int8[], $18::int8[], $19::timestamptz[], $20::text[],
              $21::text[], $22::bool[], $23::text[], $24::timestamptz[], $25::text[], $26::int4[])
    as u (instance_id, n, state, pre_act_id, serial_no, branch_no, staff_id, grantor_id, executor_id,
          group_based_on, group_id, completion_flag, attempt, date_waiting, date_processing, date_changed,
          waiting_time, paused_time, due_at, arrivals, barred, unassigned, timer, timer_at, incident, given_back)
 where o.instance_id = any (array[u.instance_id])
   and o.n = u.n;
