-- history_insert.sql - Tasks that are over. Parameters: arrays, in the order of the columns of u.
insert into workflow.have_done_tasks (instance_id, n, how, act_id, pre_act_id, serial_no, branch_no, staff_id,
                                      grantor_id, executor_id, completion_flag, attempt, date_created,
                                      date_waiting, date_processing, date_ended, waiting_time, paused_time,
                                      due_at)
select u.instance_id, u.n, u.how::workflow.how, u.act_id, u.pre_act_id, u.serial_no, u.branch_no, u.staff_id,
       u.grantor_id, u.executor_id, u.completion_flag, u.attempt, u.date_created, u.date_waiting,
       u.date_processing, u.date_ended, u.waiting_time, u.paused_time, u.due_at
  from (select unnest($1::uuid[]), unnest($2::int4[]), unnest($3::text[]), unnest($4::text[]),
               unnest($5::text[]), unnest($6::int4[]), unnest($7::int4[]), unnest($8::text[]),
               unnest($9::text[]), unnest($10::text[]), unnest($11::text[]), unnest($12::int4[]),
               unnest($13::timestamptz[]), unnest($14::timestamptz[]), unnest($15::timestamptz[]),
               unnest($16::timestamptz[]), unnest($17::int8[]), unnest($18::int8[]), unnest($19::timestamptz[]))
    as u (instance_id, n, how, act_id, pre_act_id, serial_no, branch_no, staff_id, grantor_id, executor_id,
          completion_flag, attempt, date_created, date_waiting, date_processing, date_ended, waiting_time,
          paused_time, due_at);
