-- load_try.sql - As load_lock, but only of those that nobody holds. $1 people.
select l.staff_id
  from workflow.staff_load l
 where l.staff_id = any ($1::text[])
 order by l.staff_id
   for no key update skip locked;
