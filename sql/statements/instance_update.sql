-- instance_update.sql - What changes of instances. Parameters: arrays, in the order of the columns of u.
update workflow.instance o
   set date_changed = u.date_changed,
       date_completed = u.date_completed,
       next_n = u.next_n,
       next_serial = u.next_serial,
       ends = u.ends,
       position = u.position,
       task_sequence = u.task_sequence,
       state = u.state::workflow.instance_state,
       reached_completion = u.reached_completion,
       entity_id = u.entity_id,
       completion_flag = u.completion_flag,
       reached_flag = u.reached_flag,
       last_flag = u.last_flag,
       variables = u.variables::jsonb,
       timed = u.timed,
       incident = u.incident::jsonb,
       subscribed = u.subscribed
  from (select unnest($1::uuid[]), unnest($2::timestamptz[]), unnest($3::timestamptz[]), unnest($4::int4[]),
               unnest($5::int4[]), unnest($6::int4[]), unnest($7::int4[]), unnest($8::int4[]),
               unnest($9::text[]), unnest($10::bool[]), unnest($11::text[]), unnest($12::text[]),
               unnest($13::text[]), unnest($14::text[]), unnest($15::text[]), unnest($16::bool[]),
               unnest($17::text[]), unnest($18::bool[]))
    as u (instance_id, date_changed, date_completed, next_n, next_serial, ends, position, task_sequence, state,
          reached_completion, entity_id, completion_flag, reached_flag, last_flag, variables,
          timed, incident, subscribed)
 where o.instance_id = any (array[u.instance_id]);
