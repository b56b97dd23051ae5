-- instance_insert.sql - New instances. Parameters: arrays, in the order of the columns of u.
insert into workflow.instance (instance_id, date_created, date_changed, date_completed, version, partition,
                               next_n, next_serial, ends, position, task_sequence, hops, state,
                               reached_completion, process_id, entity_id, completion_flag, reached_flag,
                               last_flag, actor, notifyto, correlation_id, requester, variables, due_at, timed,
                               incident)
select u.instance_id, u.date_created, u.date_changed, u.date_completed, u.version, u.partition, u.next_n,
       u.next_serial, u.ends, u.position, u.task_sequence, u.hops, u.state::workflow.instance_state,
       u.reached_completion, u.process_id, u.entity_id, u.completion_flag, u.reached_flag, u.last_flag, u.actor,
       u.notifyto, u.correlation_id, u.requester::jsonb, u.variables::jsonb, u.due_at, u.timed, u.incident::jsonb
  from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::int4[], $6::int4[],
              $7::int4[], $8::int4[], $9::int4[], $10::int4[], $11::int4[], $12::int4[], $13::text[],
              $14::bool[], $15::text[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[],
              $21::text[], $22::text[], $23::text[], $24::text[], $25::timestamptz[], $26::bool[], $27::text[])
    as u (instance_id, date_created, date_changed, date_completed, version, partition, next_n, next_serial,
          ends, position, task_sequence, hops, state, reached_completion, process_id, entity_id,
          completion_flag, reached_flag, last_flag, actor, notifyto, correlation_id, requester, variables,
          due_at, timed, incident);
