-- load_lock.sql - Locks the loads of people, in order (EOS-24). $1 people.
select l.staff_id
  from workflow.staff_load l
 where l.staff_id = any ($1::text[])
 order by l.staff_id
   for no key update;
