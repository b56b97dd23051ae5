-- work_report.sql - how much work was done, by whom, and how long it took (LOG-2).
--
-- Called by applications and `pawl report work`.  Locks and writes nothing; runs with its owner's rights, so that
-- readers need none on the tables.  Raises 22023 when a parameter is none of those below.
--
--   p_by       what there is a row for: any of person, department, team, role, process, activity; empty: one row
--   p_from     tasks that ended at p_from or later ...
--   p_to       ... and before p_to
--   p_period   day, week or month: rows for each of them, too, in the session's time zone; null: not
--   p_process  only of this process; null: of any
--
-- What is counted are tasks of people and programs that ended; withdrawn and absorbed ones were not done.  A task is of
-- who ended it, with all its time.  A department or team has the work of its own people and of all below it (INS-2),
-- each task once, as the institution is now; a role has that of the activities assigned by it.  What has no such
-- group is in a row whose group is null.  handed_on counts how often a person's task left their hands and stayed open
-- in the period; open_load is what is waiting, in hand or put aside at this moment, and null in a report by period.
-- Times are in seconds; of a task without a time limit it is not said whether it was on time.
create or replace function workflow.work_report(p_by text[], p_from timestamptz, p_to timestamptz,
                                                p_period text default null, p_process text default null)
returns table (period timestamptz, person text, department text, team text, role text, process_id text, act_id text,
               done int8,
               waiting_time float8, waiting_median float8, waiting_p90 float8,
               working_time float8, working_median float8, working_p90 float8,
               paused_time float8, paused_median float8, paused_p90 float8,
               on_time int8, late int8, handed_on int8, open_load int8)
language plpgsql stable security definer
set search_path = workflow, pg_temp
as $$
declare
    v_open    text := case when p_period is null then 'true' else 'false' end;
    v_who     text := case when p_by && array['person', 'department', 'team'] then 'o.staff_id is not null' else 'true' end;
    v_columns text;
    v_joins   text := '';
    v_name    text;
begin
    if p_period not in ('day', 'week', 'month') then
        raise exception 'period "%" is none of day, week and month', p_period using errcode = '22023';
    end if;
    foreach v_name in array p_by loop
        if v_name is null or v_name not in ('person', 'department', 'team', 'role', 'process', 'activity') then
            raise exception 'by "%" is none of person, department, team, role, process and activity', v_name
                using errcode = '22023';
        end if;
    end loop;

    v_columns := case when p_period is null then 'null::timestamptz' else format('date_trunc(%L, w.at)', p_period) end || ' as period'
        || case when 'person'     = any (p_by) then ', w.staff_id' else ', null::text' end || ' as person'
        || case when 'department' = any (p_by) then ', d.group_id' else ', null::text' end || ' as department'
        || case when 'team'       = any (p_by) then ', t.group_id' else ', null::text' end || ' as team'
        || case when 'role'       = any (p_by) then ', r.role_id' else ', null::text' end || ' as role'
        || case when p_by && array['process', 'activity'] then ', w.process_id' else ', null::text' end || ' as process_id'
        || case when 'activity'   = any (p_by) then ', w.act_id' else ', null::text' end || ' as act_id';
    if 'department' = any (p_by) then
        v_joins := v_joins || ' left join department_of d on d.staff_id = w.staff_id';
    end if;
    if 'team' = any (p_by) then
        v_joins := v_joins || ' left join team_of t on t.staff_id = w.staff_id';
    end if;
    if 'role' = any (p_by) then
        v_joins := v_joins || ' left join workflow.assgn_rule r on r.process_id = w.process_id'
                              ' and r.version = w.version and r.act_id = w.act_id';
    end if;

    return query execute format($query$
        with recursive department_of (staff_id, group_id) as (
            select s.staff_id, s.dept_id from workflow.staff s where s.dept_id is not null
             union
            select o.staff_id, g.super_dept_id
              from department_of o
              join workflow.department g on g.dept_id = o.group_id
             where g.super_dept_id is not null
        ), team_of (staff_id, group_id) as (
            select s.staff_id, s.team_id from workflow.staff_team s
             union
            select o.staff_id, g.super_team_id
              from team_of o
              join workflow.team g on g.team_id = o.group_id
             where g.super_team_id is not null
        ), recorded as (
            select 'done' as what, h.date_ended as at, h.instance_id, h.act_id, h.staff_id,
                   coalesce(h.waiting_time, 0) / 1e6::float8 as waiting,
                   coalesce(h.paused_time, 0) / 1e6::float8 as paused,
                   coalesce(date_part('epoch', h.date_ended - h.date_waiting), 0)
                   - (coalesce(h.waiting_time, 0) + coalesce(h.paused_time, 0)) / 1e6::float8 as working,
                   h.date_ended <= h.due_at as in_time
              from workflow.have_done_tasks h
             where h.how = 'ended'
               and h.date_ended >= $1
               and h.date_ended < $2
             union all
            select 'handed on', o.date_handed_on, o.instance_id, o.act_id, o.staff_id, null, null, null, null
              from workflow.handed_on_tasks o
             where o.date_handed_on >= $1
               and o.date_handed_on < $2
             union all
            select 'open', null, o.instance_id, o.act_id, o.staff_id, null, null, null, null
              from workflow.to_do_task_list o
             where o.state <> 'pending'
               and %s
        ), work as (
            select o.*, i.process_id, i.version
              from recorded o
              join workflow.instance i using (instance_id)
              join workflow.activity a
                on a.process_id = i.process_id
               and a.version = i.version
               and a.act_id = o.act_id
             where a.act_type in ('interaction', 'automation')
               and coalesce(i.process_id = $3, true)
               and %s
        ), grouped as (
            select %s,
                   count(*) filter (where w.what = 'done') as done,
                   sum(w.waiting) as waiting,
                   percentile_cont(array[0.5, 0.9]) within group (order by w.waiting) as waiting_at,
                   sum(w.working) as working,
                   percentile_cont(array[0.5, 0.9]) within group (order by w.working) as working_at,
                   sum(w.paused) as paused,
                   percentile_cont(array[0.5, 0.9]) within group (order by w.paused) as paused_at,
                   count(*) filter (where w.in_time) as on_time,
                   count(*) filter (where not w.in_time) as late,
                   count(*) filter (where w.what = 'handed on') as handed_on,
                   count(*) filter (where w.what = 'open') as open_load
              from work w%s
             group by 1, 2, 3, 4, 5, 6, 7
        )
        select g.period, g.person, g.department, g.team, g.role, g.process_id, g.act_id, g.done,
               coalesce(g.waiting, 0), g.waiting_at[1], g.waiting_at[2],
               coalesce(g.working, 0), g.working_at[1], g.working_at[2],
               coalesce(g.paused, 0), g.paused_at[1], g.paused_at[2],
               g.on_time, g.late, g.handed_on,
               case when %s then g.open_load end
          from grouped g
         order by 1, 2, 3, 4, 5, 6, 7
        $query$, v_open, v_who, v_columns, v_joins, v_open)
    using p_from, p_to, p_process;
end
$$;
comment on function workflow.work_report(text[], timestamptz, timestamptz, text, text) is
    'How much work was done, by whom, and how long it took; times in seconds.';
