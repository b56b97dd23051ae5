-- load_read.sql - The loads of people, which are locked and added up. $1 people.
select l.staff_id, l.open_tasks, l.last_assigned
  from workflow.staff_load l
 where l.staff_id = any ($1::text[]);
