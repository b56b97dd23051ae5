-- token_try.sql - As token_lock, but only of those that nobody holds. $1 roles.
select t.role_id, t.staff_id
  from workflow.role_token t
 where t.role_id = any ($1::text[])
 order by t.role_id
   for no key update skip locked;
