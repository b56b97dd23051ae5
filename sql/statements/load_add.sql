-- load_add.sql - Adds up the loads of people, which are locked. $1 people.
  with changes as (
       delete from workflow.staff_load_change c
        where c.staff_id = any ($1::text[])
       returning c.staff_id, c.change, c.last_assigned
       ),
       sums as (
       select c.staff_id, sum(c.change) as change, max(c.last_assigned) as last_assigned
         from changes c
        group by c.staff_id
       )
update workflow.staff_load o
   set open_tasks = o.open_tasks + s.change,
       last_assigned = greatest(o.last_assigned, s.last_assigned)
  from sums s
 where o.staff_id = any (array[s.staff_id]);
