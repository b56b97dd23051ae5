-- handed_on_insert.sql - Tasks that left a person's hands. Parameters: arrays, in the order of the columns of u.
insert into workflow.handed_on_tasks (instance_id, n, state, act_id, staff_id, to_staff_id, date_handed_on)
select u.instance_id, u.n, u.state::workflow.task_state, u.act_id, u.staff_id, u.to_staff_id, u.date_handed_on
  from (select unnest($1::uuid[]), unnest($2::int4[]), unnest($3::text[]), unnest($4::text[]),
               unnest($5::text[]), unnest($6::text[]), unnest($7::timestamptz[]))
    as u (instance_id, n, state, act_id, staff_id, to_staff_id, date_handed_on);
