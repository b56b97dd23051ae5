-- instance_insert.sql - New instances. Parameters: arrays, in the order of the columns of u.
insert into workflow.instance (instance_id, date_created, date_changed, date_completed, version, partition,
                               next_n, next_serial, ends, position, task_sequence, hops, state,
                               reached_completion, process_id, entity_id, completion_flag, reached_flag,
                               last_flag, actor, notifyto, correlation_id, requester, variables, due_at, timed,
                               incident, subscribed)
select u.instance_id, u.date_created, u.date_changed, u.date_completed, u.version, u.partition, u.next_n,
       u.next_serial, u.ends, u.position, u.task_sequence, u.hops, u.state::workflow.instance_state,
       u.reached_completion, u.process_id, u.entity_id, u.completion_flag, u.reached_flag, u.last_flag, u.actor,
       u.notifyto, u.correlation_id, u.requester::jsonb, u.variables::jsonb, u.due_at, u.timed,
       u.incident::jsonb, u.subscribed
  from (select unnest($1::uuid[]), unnest($2::timestamptz[]), unnest($3::timestamptz[]),
               unnest($4::timestamptz[]), unnest($5::int4[]), unnest($6::int4[]), unnest($7::int4[]),
               unnest($8::int4[]), unnest($9::int4[]), unnest($10::int4[]), unnest($11::int4[]),
               unnest($12::int4[]), unnest($13::text[]), unnest($14::bool[]), unnest($15::text[]),
               unnest($16::text[]), unnest($17::text[]), unnest($18::text[]), unnest($19::text[]),
               unnest($20::text[]), unnest($21::text[]), unnest($22::text[]), unnest($23::text[]),
               unnest($24::text[]), unnest($25::timestamptz[]), unnest($26::bool[]), unnest($27::text[]), unnest($28::bool[]))
    as u (instance_id, date_created, date_changed, date_completed, version, partition, next_n, next_serial,
          ends, position, task_sequence, hops, state, reached_completion, process_id, entity_id,
          completion_flag, reached_flag, last_flag, actor, notifyto, correlation_id, requester, variables,
          due_at, timed, incident, subscribed);
