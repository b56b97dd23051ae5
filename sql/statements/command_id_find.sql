-- command_id_find.sql - Which commands took effect before. $1 scopes, $2 id hashes.
select u.i, c.data_hash, c.position, c.task_n, c.instance_id
  from unnest($1::uuid[], $2::uuid[]) with ordinality as u (scope, id_hash, i)
  join workflow.command_id c
    on c.scope = any (array[u.scope])
   and c.id_hash = u.id_hash;
