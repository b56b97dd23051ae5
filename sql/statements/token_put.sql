-- token_put.sql - Passes tokens, which are locked. $1 roles, $2 people.
update workflow.role_token o
   set staff_id = u.staff_id
  from unnest($1::text[], $2::text[]) as u (role_id, staff_id)
 where o.role_id = any (array[u.role_id]);
