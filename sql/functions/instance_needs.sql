-- instance_needs.sql - who waits for what in an instance.
--
-- Called by applications and `pawl instance show`.  Locks and writes nothing; runs with its owner's rights, so
-- that readers need none on the tables.  A row for each thing that a pending task still needs:
--
--   resume      the instance is suspended
--   end         the task (need_act_id) has to end, with a flag (need_flag) or with any
--   arrival     a merge waits for an open task (need_task_id) from which the process leads to it
--   votes       a vote_merge has fewer votes than it needs
--   function    a user-defined rule has not said yes
--
-- Arrivals are judged by the process graph alone, so that a task of another batch may be named too many.
create or replace function workflow.instance_needs(p_instance_id uuid)
returns table (task_id text, act_id text, need text, need_act_id text, need_flag text, need_task_id text, need_state text,
               need_staff_id text)
language sql stable security definer
set search_path = workflow, pg_temp
as $$
    with recursive open_task as (
        select t.*, i.process_id, i.version, a.act_type, a.or_merge_flag, a.num_votes_needed, a.rule_applied,
               a.ex_pre_rule_func, i.state as instance_state
          from workflow.to_do_task_list t
          join workflow.instance i using (instance_id)
          join workflow.activity a
            on a.process_id = i.process_id
           and a.version = i.version
           and a.act_id = t.act_id
         where t.instance_id = p_instance_id
    ), pending as (
        select *,
               ex_pre_rule_func is not null
               and rule_applied in ('user_defined_pre_rule', 'user_defined_both_rule') as asks
          from open_task
         where state = 'pending'
    ), path (from_act_id, act_id) as (
        select o.act_id, next_act_id
          from open_task o
          join workflow.routing_rule r
            on r.process_id = o.process_id
           and r.version = o.version
           and r.curr_act_id = o.act_id,
               unnest(r.next_act_id_list) next_act_id
         where exists (select from pending p where p.act_type in ('and_merge', 'vote_merge'))
         union
        select p.from_act_id, next_act_id
          from path p
          join workflow.instance i on i.instance_id = p_instance_id
          join workflow.routing_rule r
            on r.process_id = i.process_id
           and r.version = i.version
           and r.curr_act_id = p.act_id,
               unnest(r.next_act_id_list) next_act_id
    ), last_end as (
        select distinct on (s.act_id) s.act_id, s.completion_flag
          from workflow.task_summary s
         where s.instance_id = p_instance_id
         order by s.act_id, s.last desc
    ), needs (n, act_id, need, need_act_id, need_flag, need_n) as (
        select p.n, p.act_id, 'resume', null::text, null::text, null::int4
          from pending p
         where p.instance_state = 'suspended'
         union all
        select p.n, p.act_id, 'function', null, p.ex_pre_rule_func, null
          from pending p
         where p.asks
         union all
        select distinct p.n, p.act_id, 'end', r.depnt_act_id, r.depnt_act_status, o.n
          from pending p
          join workflow.pre_rule r
            on r.process_id = p.process_id
           and r.version = p.version
           and r.curr_act_id = p.act_id
           and (p.act_type = 'and_merge'
                or r.pre_act_id = p.pre_act_id
                or exists (select from jsonb_to_recordset(p.arrivals) a (pre_act_id text)
                            where a.pre_act_id = r.pre_act_id))
          left join open_task o on o.act_id = r.depnt_act_id
          left join last_end e on e.act_id = r.depnt_act_id
         where not p.asks
           and (o.n is not null
                or e.act_id is null
                or coalesce(r.depnt_act_status <> e.completion_flag, r.depnt_act_status is not null))
         union all
        select p.n, p.act_id, 'arrival', o.act_id, null, o.n
          from pending p
          join path w on w.act_id = p.act_id
          join open_task o on o.act_id = w.from_act_id and o.n <> p.n
         where p.act_type in ('and_merge', 'vote_merge')
           and not p.asks
           and not exists (select
                             from workflow.pre_rule r
                            where r.process_id = p.process_id
                              and r.version = p.version
                              and r.curr_act_id = p.act_id)
         union all
        select p.n, p.act_id, 'votes', null,
               (select count(*)
                  from jsonb_to_recordset(p.arrivals) a (flag text)
                 where coalesce(p.or_merge_flag in ('any', a.flag), p.or_merge_flag is null)) || ' of '
               || p.num_votes_needed,
               null
          from pending p
         where p.act_type = 'vote_merge'
           and not p.asks
    )
    select p_instance_id || ':' || s.n, s.act_id, s.need, s.need_act_id, s.need_flag, p_instance_id || ':' || s.need_n,
           o.state::text,
           coalesce(o.staff_id, case o.group_based_on
                                     when 'dept_based' then 'department:'
                                     when 'team_based' then 'team:'
                                     when 'role_based' then 'role:'
                                     when 'user_defined' then 'function:'
                                end || o.group_id)
      from needs s
      left join open_task o on o.n = s.need_n
     order by s.n, s.need, s.need_act_id, s.need_n
$$;
comment on function workflow.instance_needs(uuid) is 'Who waits for what in an instance: a row for each thing that a pending task still needs.';
