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
       incident = u.incident::jsonb
  from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::int4[], $5::int4[], $6::int4[], $7::int4[],
              $8::int4[], $9::text[], $10::bool[], $11::text[], $12::text[], $13::text[], $14::text[],
              $15::text[], $16::bool[], $17::text[])
    as u (instance_id, date_changed, date_completed, next_n, next_serial, ends, position, task_sequence, state,
          reached_completion, entity_id, completion_flag, reached_flag, last_flag, variables,
          timed, incident)
 where o.instance_id = any (array[u.instance_id]);
