-- token_lock.sql - Locks the tokens of roles, in order, and reads them (EOS-24). $1 roles.
select t.role_id, t.staff_id
  from workflow.role_token t
 where t.role_id = any ($1::text[])
 order by t.role_id
   for no key update;
