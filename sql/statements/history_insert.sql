-- history_insert.sql - Tasks that are over. Parameters: arrays, in the order of the columns of u.
insert into workflow.have_done_tasks (instance_id, n, how, act_id, pre_act_id, serial_no, branch_no, staff_id,
                                      grantor_id, executor_id, completion_flag, attempt, date_created,
                                      date_waiting, date_processing, date_ended, waiting_time, paused_time,
                                      due_at)
select u.instance_id, u.n, u.how::workflow.how, u.act_id, u.pre_act_id, u.serial_no, u.branch_no, u.staff_id,
       u.grantor_id, u.executor_id, u.completion_flag, u.attempt, u.date_created, u.date_waiting,
       u.date_processing, u.date_ended, u.waiting_time, u.paused_time, u.due_at
  from unnest($1::uuid[], $2::int4[], $3::text[], $4::text[], $5::text[], $6::int4[], $7::int4[], $8::text[],
              $9::text[], $10::text[], $11::text[], $12::int4[], $13::timestamptz[], $14::timestamptz[],
              $15::timestamptz[], $16::timestamptz[], $17::int8[], $18::int8[], $19::timestamptz[])
    as u (instance_id, n, how, act_id, pre_act_id, serial_no, branch_no, staff_id, grantor_id, executor_id,
          completion_flag, attempt, date_created, date_waiting, date_processing, date_ended, waiting_time,
          paused_time, due_at);
