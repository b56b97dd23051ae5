-- task_insert.sql - New open tasks. Parameters: arrays, in the order of the columns of u; barred people are joined
-- by a character that no id has.
insert into workflow.to_do_task_list (instance_id, n, state, act_id, pre_act_id, serial_no, branch_no,
                                      staff_id, grantor_id, executor_id, group_based_on, group_id,
                                      completion_flag, attempt, date_created, date_waiting, date_processing,
                                      date_changed, waiting_time, paused_time, due_at, arrivals,
                                      barred, unassigned, timer, timer_at, incident, given_back)
select u.instance_id, u.n, u.state::workflow.task_state, u.act_id, u.pre_act_id, u.serial_no, u.branch_no,
       u.staff_id, u.grantor_id, u.executor_id, u.group_based_on::workflow.based_on, u.group_id,
       u.completion_flag, u.attempt, u.date_created, u.date_waiting, u.date_processing, u.date_changed,
       u.waiting_time, u.paused_time, u.due_at, u.arrivals::jsonb,
       string_to_array(u.barred, e'\x1f'), u.unassigned, u.timer::workflow.timer_kind, u.timer_at,
       u.incident::jsonb, u.given_back
  from (select unnest($1::uuid[]), unnest($2::int4[]), unnest($3::text[]), unnest($4::text[]),
               unnest($5::text[]), unnest($6::int4[]), unnest($7::int4[]), unnest($8::text[]),
               unnest($9::text[]), unnest($10::text[]), unnest($11::text[]), unnest($12::text[]),
               unnest($13::text[]), unnest($14::int4[]), unnest($15::timestamptz[]), unnest($16::timestamptz[]),
               unnest($17::timestamptz[]), unnest($18::timestamptz[]), unnest($19::int8[]), unnest($20::int8[]),
               unnest($21::timestamptz[]), unnest($22::text[]), unnest($23::text[]), unnest($24::bool[]),
               unnest($25::text[]), unnest($26::timestamptz[]), unnest($27::text[]), unnest($28::int4[]))
    as u (instance_id, n, state, act_id, pre_act_id, serial_no, branch_no, staff_id, grantor_id, executor_id,
          group_based_on, group_id, completion_flag, attempt, date_created, date_waiting, date_processing,
          date_changed, waiting_time, paused_time, due_at, arrivals, barred, unassigned, timer, timer_at,
          incident, given_back);
