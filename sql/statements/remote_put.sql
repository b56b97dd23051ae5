-- remote_put.sql - Instances that work for tasks, new or heard of. Parameters: arrays, in the order of the columns.
insert into workflow.sub_process (instance_id, n, attempt, engine, process_id, version, remote_instance_id, position,
                                  incarnation, state, completion_flag, code, detail, held, closed, date_created, date_changed)
select u.instance_id, u.n, u.attempt, u.engine, u.process_id, u.version, u.remote_instance_id, u.position,
       u.incarnation, u.state::workflow.instance_state, u.completion_flag, u.code, u.detail, u.held, u.closed, u.date_created,
       u.date_changed
  from (select unnest($1::uuid[]), unnest($2::int4[]), unnest($3::int4[]), unnest($4::text[]),
               unnest($5::text[]), unnest($6::int4[]), unnest($7::uuid[]), unnest($8::int4[]),
               unnest($9::text[]), unnest($10::text[]), unnest($11::text[]), unnest($12::text[]),
               unnest($13::text[]), unnest($14::bool[]), unnest($15::bool[]), unnest($16::timestamptz[]),
               unnest($17::timestamptz[]))
    as u (instance_id, n, attempt, engine, process_id, version, remote_instance_id, position, incarnation, state,
          completion_flag, code, detail, held, closed, date_created, date_changed)
    on conflict (instance_id, n, attempt) do update
   set position = excluded.position,
       incarnation = excluded.incarnation,
       state = excluded.state,
       completion_flag = excluded.completion_flag,
       code = excluded.code,
       detail = excluded.detail,
       held = excluded.held,
       closed = excluded.closed,
       date_changed = excluded.date_changed;
