-- candidate_find.sql - Waiting tasks for those who ask for the next one (ASG-9), oldest first for each offer: of a group, by
-- to_do_task_list_group_idx, or assigned by name, by to_do_task_list_staff_idx, or offered by name, by
-- task_candidate_staff_idx.  Offers without an asker are of many people, and of tasks that bar nobody; those that bar
-- some are found by offers with the asker and whom they ask for (ASG-10), and so are those offered by name.
-- $1 kinds of group (null: assigned by name, user_defined: offered by name), $2 groups or people, $3 processes,
-- $4 activities (null: any), $5 how many, $6 askers, $7 in whose name (null: their own).
  with offers as materialized (
       select *
         from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int4[], $6::text[], $7::text[])
              with ordinality as o (based_on, id, process_id, act_id, wanted, asker, grantor, i)
       )
select o.i, c.instance_id, c.n, c.partition, c.date_created
  from offers o
 cross join lateral (
       select t.instance_id, t.n, i.partition, t.date_created
         from workflow.to_do_task_list t
         join workflow.instance i
           on i.instance_id = any (array[t.instance_id])
        where o.asker is null
          and o.based_on <> 'user_defined'
          and t.group_based_on = o.based_on::workflow.based_on
          and t.group_id = o.id
          and t.staff_id is null
          and t.barred is null
          and t.state = 'waiting'
          and i.state <> 'suspended'
          and (o.process_id is null or i.process_id = o.process_id)
          and (o.act_id is null or t.act_id = o.act_id)
          and (select r.n
                 from workflow.reservation r
                where r.instance_id = t.instance_id
                  and r.n = t.n) is null
        order by t.date_created, t.instance_id, t.n
        limit o.wanted) as c
 union all
select o.i, c.instance_id, c.n, c.partition, c.date_created
  from offers o
 cross join lateral (
       select t.instance_id, t.n, i.partition, t.date_created
         from workflow.to_do_task_list t
         join workflow.instance i
           on i.instance_id = any (array[t.instance_id])
        where o.asker is null
          and o.based_on is null
          and t.staff_id = o.id
          and t.barred is null
          and t.state = 'waiting'
          and i.state <> 'suspended'
          and (o.process_id is null or i.process_id = o.process_id)
          and (o.act_id is null or t.act_id = o.act_id)
          and (select r.n
                 from workflow.reservation r
                where r.instance_id = t.instance_id
                  and r.n = t.n) is null
        order by t.date_created, t.instance_id, t.n
        limit o.wanted) as c
 union all
select o.i, c.instance_id, c.n, c.partition, c.date_created
  from offers o
 cross join lateral (
       select t.instance_id, t.n, i.partition, t.date_created
         from workflow.to_do_task_list t
         join workflow.instance i
           on i.instance_id = any (array[t.instance_id])
        where o.asker is not null
          and o.based_on <> 'user_defined'
          and t.group_based_on = o.based_on::workflow.based_on
          and t.group_id = o.id
          and t.staff_id is null
          and t.group_id is not null
          and t.barred is not null
          and not o.asker = any (t.barred)
          and (o.grantor is null or not o.grantor = any (t.barred))
          and t.state = 'waiting'
          and i.state <> 'suspended'
          and (o.process_id is null or i.process_id = o.process_id)
          and (o.act_id is null or t.act_id = o.act_id)
          and (select r.n
                 from workflow.reservation r
                where r.instance_id = t.instance_id
                  and r.n = t.n) is null
        order by t.date_created, t.instance_id, t.n
        limit o.wanted) as c
 union all
select o.i, c.instance_id, c.n, c.partition, c.date_created
  from offers o
 cross join lateral (
       select t.instance_id, t.n, i.partition, t.date_created
         from workflow.to_do_task_list t
         join workflow.instance i
           on i.instance_id = any (array[t.instance_id])
        where o.asker is not null
          and o.based_on is null
          and t.staff_id = o.id
          and t.barred is not null
          and not o.asker = any (t.barred)
          and (o.grantor is null or not o.grantor = any (t.barred))
          and t.state = 'waiting'
          and i.state <> 'suspended'
          and (o.process_id is null or i.process_id = o.process_id)
          and (o.act_id is null or t.act_id = o.act_id)
          and (select r.n
                 from workflow.reservation r
                where r.instance_id = t.instance_id
                  and r.n = t.n) is null
        order by t.date_created, t.instance_id, t.n
        limit o.wanted) as c
 union all
select o.i, c.instance_id, c.n, c.partition, c.date_created
  from offers o
 cross join lateral (
       select t.instance_id, t.n, i.partition, t.date_created
         from workflow.task_candidate p
         join workflow.to_do_task_list t
           on t.instance_id = any (array[p.instance_id])
          and t.n = p.n
         join workflow.instance i
           on i.instance_id = any (array[t.instance_id])
        where o.based_on = 'user_defined'
          and p.staff_id = o.id
          and t.staff_id is null
          and (t.barred is null or (not o.asker = any (t.barred)
               and (o.grantor is null or not o.grantor = any (t.barred))))
          and t.state = 'waiting'
          and i.state <> 'suspended'
          and (o.process_id is null or i.process_id = o.process_id)
          and (o.act_id is null or t.act_id = o.act_id)
          and (select r.n
                 from workflow.reservation r
                where r.instance_id = t.instance_id
                  and r.n = t.n) is null
        order by p.date_created, p.instance_id, p.n
        limit o.wanted) as c
 order by i, date_created, instance_id, n;
