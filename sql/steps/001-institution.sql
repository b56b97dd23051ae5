-- 001-institution.sql - who works (control-model section 1).
-- Written by institution_store() alone; ids are compared by their bytes.

create table workflow.department (
    dept_id       text collate "C" not null,
    super_dept_id text collate "C",
    name          text,
    constraint department_pkey primary key (dept_id),
    constraint department_super_fkey foreign key (super_dept_id) references workflow.department
        deferrable initially deferred,
    constraint department_super_check check (super_dept_id <> dept_id)
);
comment on table  workflow.department is 'Tree of administrative units; a department stands for all below it (INS-2).';
comment on column workflow.department.dept_id is 'Id.';
comment on column workflow.department.super_dept_id is 'The department above; null: a root.';
comment on column workflow.department.name is 'Name for people.';

create table workflow.team (
    team_id       text collate "C" not null,
    super_team_id text collate "C",
    name          text,
    constraint team_pkey primary key (team_id),
    constraint team_super_fkey foreign key (super_team_id) references workflow.team
        deferrable initially deferred,
    constraint team_super_check check (super_team_id <> team_id)
);
comment on table  workflow.team is 'Tree of working groups; a team stands for all below it (INS-2).';
comment on column workflow.team.team_id is 'Id.';
comment on column workflow.team.super_team_id is 'The team above; null: a root.';
comment on column workflow.team.name is 'Name for people.';

create table workflow.role (
    role_id           text collate "C" not null,
    name              text,
    round_robin_token text collate "C",
    constraint role_pkey primary key (role_id)
);
comment on table  workflow.role is 'A capability to which tasks are assigned.';
comment on column workflow.role.role_id is 'Id.';
comment on column workflow.role.name is 'Name for people.';
comment on column workflow.role.round_robin_token is 'Whom round_robin chose last (ASG-6); null: nobody yet.';

create table workflow.staff (
    staff_id   text collate "C" not null,
    dept_id    text collate "C",
    name       text,
    logging_on bool             not null default true,
    on_leave   bool             not null default false,
    constraint staff_pkey primary key (staff_id),
    constraint staff_dept_fkey foreign key (dept_id) references workflow.department
        deferrable initially deferred
);
create index staff_dept_idx on workflow.staff (dept_id);
comment on table  workflow.staff is 'A person.';
comment on column workflow.staff.staff_id is 'Id.';
comment on column workflow.staff.dept_id is 'The department the person belongs to.';
comment on column workflow.staff.name is 'Name for people.';
comment on column workflow.staff.logging_on is 'Whether the person is logged on (ASG-2).';
comment on column workflow.staff.on_leave is 'Whether the person is on leave (ASG-2).';

create table workflow.staff_team (
    staff_id text collate "C" not null,
    team_id  text collate "C" not null,
    constraint staff_team_pkey primary key (staff_id, team_id),
    constraint staff_team_staff_fkey foreign key (staff_id) references workflow.staff
        deferrable initially deferred,
    constraint staff_team_team_fkey foreign key (team_id) references workflow.team
        deferrable initially deferred
);
create index staff_team_team_idx on workflow.staff_team (team_id);
comment on table  workflow.staff_team is 'Membership in teams.';
comment on column workflow.staff_team.staff_id is 'The member.';
comment on column workflow.staff_team.team_id is 'The team.';

create table workflow.staff_in_role (
    staff_id     text collate "C" not null,
    role_id      text collate "C" not null,
    priority_num int4,
    constraint staff_in_role_pkey primary key (role_id, staff_id),
    constraint staff_in_role_staff_fkey foreign key (staff_id) references workflow.staff
        deferrable initially deferred,
    constraint staff_in_role_role_fkey foreign key (role_id) references workflow.role
        deferrable initially deferred
);
create index staff_in_role_staff_idx on workflow.staff_in_role (staff_id);
comment on table  workflow.staff_in_role is 'Who holds a role.';
comment on column workflow.staff_in_role.staff_id is 'The holder.';
comment on column workflow.staff_in_role.role_id is 'The role.';
comment on column workflow.staff_in_role.priority_num is 'The lowest number is the highest priority (ASG-6); null: not said.';

create table workflow.authorization_grant (
    grant_id   int8             not null generated always as identity,
    valid_from timestamptz,
    valid_to   timestamptz,
    grantor_id text collate "C" not null,
    grantee_id text collate "C" not null,
    process_id text collate "C",
    act_id     text collate "C",
    constraint authorization_grant_pkey primary key (grant_id),
    constraint authorization_grant_grantor_fkey foreign key (grantor_id) references workflow.staff
        deferrable initially deferred,
    constraint authorization_grant_grantee_fkey foreign key (grantee_id) references workflow.staff
        deferrable initially deferred,
    constraint authorization_grant_valid_check check (valid_to > valid_from)
);
create index authorization_grant_grantee_idx on workflow.authorization_grant (grantee_id);
create index authorization_grant_grantor_idx on workflow.authorization_grant (grantor_id);
comment on table  workflow.authorization_grant is
    'The grantee may execute the grantor''s tasks (ASG-7); "authorization" in the control model, a reserved word here.';
comment on column workflow.authorization_grant.grant_id is 'Number of the row, of no meaning.';
comment on column workflow.authorization_grant.grantor_id is 'Whose tasks.';
comment on column workflow.authorization_grant.grantee_id is 'Who may execute them.';
comment on column workflow.authorization_grant.process_id is 'Only tasks of this process; null: of any.';
comment on column workflow.authorization_grant.act_id is 'Only tasks of this activity; null: of any.';
comment on column workflow.authorization_grant.valid_from is 'When it begins; null: it always was.';
comment on column workflow.authorization_grant.valid_to is 'When it ends; null: it does not.';

create table workflow.institution_change (
    institution_version int8             not null,
    kind                text             not null,
    object_id           text collate "C" not null,
    removed             bool             not null,
    constraint institution_change_pkey primary key (institution_version, kind, object_id),
    constraint institution_change_kind_check check (kind in ('department', 'team', 'role', 'staff', 'authorization'))
);
comment on table  workflow.institution_change is 'What each version of the institution changed.';
comment on column workflow.institution_change.institution_version is 'The version that the change made.';
comment on column workflow.institution_change.kind is 'What was changed; memberships and roles of a person are of the person.';
comment on column workflow.institution_change.object_id is 'Its id; of authorizations the grantor''s.';
comment on column workflow.institution_change.removed is 'Whether it is no more.';
