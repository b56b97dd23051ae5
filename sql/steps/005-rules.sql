-- 005-rules.sql - user-defined rules and groups (FWD-4, ASG-1).

create type workflow.rule_call as (
    process_id      text,
    version         int4,
    instance_id     uuid,
    task_n          int4,
    act_id          text,
    pre_act_id      text,
    completion_flag text,
    arrivals        int4,
    entity_id       text,
    variables       jsonb
);
comment on type   workflow.rule_call is
    'What a user-defined function is called with; attributes are only ever added, at the end.';
comment on column workflow.rule_call.process_id is 'The process.';
comment on column workflow.rule_call.version is 'Its version.';
comment on column workflow.rule_call.instance_id is 'The instance.';
comment on column workflow.rule_call.task_n is 'The task is <instance_id>:<task_n>.';
comment on column workflow.rule_call.act_id is 'Its activity.';
comment on column workflow.rule_call.pre_act_id is 'The activity that it was reached from; null: the first one.';
comment on column workflow.rule_call.completion_flag is
    'The flag that it ended with (post rule), or that what it was reached from ended with (pre rule); null: none.';
comment on column workflow.rule_call.arrivals is 'How many arrivals it has gathered so far (pre rule), else 0.';
comment on column workflow.rule_call.entity_id is 'The entity of the instance; null: none.';
comment on column workflow.rule_call.variables is 'The variables of the instance, with what the command sets; null: none.';

-- A table of its own, in place of an array, for each person's oldest task is found by its index (ASG-9).
create table workflow.task_candidate (
    instance_id  uuid             not null,
    date_created timestamptz      not null,
    n            int4             not null,
    staff_id     text collate "C" not null,
    constraint task_candidate_pkey primary key (instance_id, n, staff_id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create index task_candidate_staff_idx on workflow.task_candidate (staff_id, date_created, instance_id, n);
comment on table  workflow.task_candidate is 'Who may take open tasks whose group is user-defined (ASG-1).';
comment on column workflow.task_candidate.instance_id is 'The instance; task_id is <instance_id>:<n>.';
comment on column workflow.task_candidate.date_created is 'When the task was created.';
comment on column workflow.task_candidate.n is 'Number within the instance.';
comment on column workflow.task_candidate.staff_id is 'The person.';
