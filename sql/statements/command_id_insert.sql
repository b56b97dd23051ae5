-- command_id_insert.sql - Remembers commands that took effect. A unique violation is a lost race: the unit is done again.
-- $1 scopes, $2 id hashes, $3 data hashes, $4 positions, $5 task numbers, $6 instances (null: the scope).
insert into workflow.command_id (scope, id_hash, data_hash, position, task_n, instance_id, date_created)
select u.scope, u.id_hash, u.data_hash, u.position, u.task_n, u.instance_id,
       case when u.instance_id is not null then now() end
  from (select unnest($1::uuid[]), unnest($2::uuid[]), unnest($3::int8[]), unnest($4::int4[]),
               unnest($5::int4[]), unnest($6::uuid[]))
    as u (scope, id_hash, data_hash, position, task_n, instance_id);
