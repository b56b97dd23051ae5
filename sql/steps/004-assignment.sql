-- 004-assignment.sql - loads, tokens, constraints and presence (control-model section 7).

-- How much people have (ASG-4).  A person has a row from the first time that least_working_list considers
-- them; roster_make() makes it.  Only those who assign by loads lock it; whoever else changes what a person has
-- adds a row to staff_load_change, which locks nothing, and who next holds the lock adds them up.
create table workflow.staff_load (
    staff_id      text collate "C" not null,
    last_assigned timestamptz,
    open_tasks    int4             not null,
    constraint staff_load_pkey primary key (staff_id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0);
comment on table  workflow.staff_load is 'Open tasks of people whom least_working_list considers (ASG-4), without what stands in staff_load_change.';
comment on column workflow.staff_load.staff_id is 'The person.';
comment on column workflow.staff_load.last_assigned is 'When a task was last assigned to them; null: never, as far as known.';
comment on column workflow.staff_load.open_tasks is 'Tasks of to_do_task_list that are theirs.';

create table workflow.staff_load_change (
    last_assigned timestamptz,
    change        int4             not null,
    staff_id      text collate "C" not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
create index staff_load_change_idx on workflow.staff_load_change (staff_id);
comment on table  workflow.staff_load_change is 'What batches changed of the loads in staff_load, until somebody adds it up.';
comment on column workflow.staff_load_change.last_assigned is 'When the batch last assigned them a task; null: it did not.';
comment on column workflow.staff_load_change.change is 'Tasks more, or fewer.';
comment on column workflow.staff_load_change.staff_id is 'The person.';

-- Apart from the role, whose row belongs to institution_store(): the token is locked by every batch that takes turns.
create table workflow.role_token (
    role_id  text collate "C" not null,
    staff_id text collate "C",
    constraint role_token_pkey primary key (role_id)
) with (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0);
comment on table  workflow.role_token is 'round_robin_token of roles that take turns (ASG-6).';
comment on column workflow.role_token.role_id is 'The role.';
comment on column workflow.role_token.staff_id is 'Whom round_robin chose last; null: nobody yet.';
alter table workflow.role drop column round_robin_token;

-- Who had a part in what ended, where some not_by asks (ASG-10).
alter table workflow.task_summary add people text[] collate "C";
comment on column workflow.task_summary.people is 'Executors and grantors of all of them, where some not_by asks for the activity; null: nobody.';

alter table workflow.to_do_task_list add barred text[] collate "C", add unassigned bool;
create index to_do_task_list_barred_group_idx
    on workflow.to_do_task_list (group_based_on, group_id, date_created, instance_id, n)
    where state = 'waiting' and staff_id is null and group_id is not null and barred is not null;
create index to_do_task_list_barred_staff_idx on workflow.to_do_task_list (staff_id, date_created, instance_id, n)
    where staff_id is not null and barred is not null;
create index to_do_task_list_unassigned_idx on workflow.to_do_task_list (instance_id, n)
    where unassigned and state = 'waiting' and staff_id is null;
comment on column workflow.to_do_task_list.barred is 'Who may neither do nor authorise it (ASG-10); null: anybody may.';
comment on column workflow.to_do_task_list.unassigned is
    'The rule found nobody: it is asked again when somebody becomes eligible (ASG-8); null: not so.';

-- Presence and authorizations change often: such a change is written and read for itself, not with the whole institution.
alter table workflow.institution_change add presence bool;
comment on column workflow.institution_change.presence is 'Of a person, nothing but logging_on and on_leave changed; null: more.';

create index institution_change_removed_idx on workflow.institution_change (kind, object_id) where removed;
drop function if exists workflow.institution_store(jsonb, int8); -- it has one more parameter now
