-- reassign_find.sql - Tasks for the rule to be asked again (ASG-8): nobody's because it found nobody, and of people who were
-- removed, by institution_change_removed_idx. $1 partitions, $2 instance and $3 task after which to go on, $4 how many.
select f.instance_id, f.n, f.partition, f.group_based_on::text, f.group_id
  from (
       (select t.instance_id, t.n, i.partition, t.group_based_on, t.group_id
          from workflow.to_do_task_list t
          join workflow.instance i
            on i.instance_id = any (array[t.instance_id])
         where t.unassigned
           and t.state = 'waiting'
           and t.staff_id is null
           and (t.instance_id, t.n) > ($2::uuid, $3::int4)
           and i.partition = any ($1::int4[])
         order by t.instance_id, t.n
         limit $4::int4)
        union all
       (select t.instance_id, t.n, i.partition, null, null
          from (select distinct c.object_id
                  from workflow.institution_change c
                 where c.kind = 'staff'
                   and c.removed) as c
          join workflow.to_do_task_list t
            on t.staff_id = any (array[c.object_id])
          join workflow.instance i
            on i.instance_id = any (array[t.instance_id])
         where (t.instance_id, t.n) > ($2::uuid, $3::int4)
           and i.partition = any ($1::int4[])
           and (select s.staff_id
                  from workflow.staff s
                 where s.staff_id = c.object_id) is null
         order by t.instance_id, t.n
         limit $4::int4)
       ) as f
 order by f.instance_id, f.n
 limit $4::int4;
