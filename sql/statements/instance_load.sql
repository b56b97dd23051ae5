-- instance_load.sql - Instances of a unit. $1 ids.
select u.i, i.partition, i.process_id, i.version, i.state::text, i.entity_id, i.variables::text, i.completion_flag,
       i.requester::text, i.notifyto, i.correlation_id, i.actor, i.hops, i.next_n, i.next_serial, i.ends, i.position,
       i.task_sequence, i.reached_completion, i.reached_flag, i.last_flag, i.date_created, i.date_completed,
       i.date_changed, i.due_at, i.timed, i.incident->>'id', i.incident->>'code', i.incident->>'detail',
       i.incident->>'timer', (i.incident->>'attempt')::int4, (i.incident->>'date_created')::int8,
       i.subscribed
  from unnest($1::uuid[]) with ordinality as u (instance_id, i)
  join workflow.instance i
    on i.instance_id = any (array[u.instance_id]);
