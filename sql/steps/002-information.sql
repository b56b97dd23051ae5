-- 002-information.sql - what work there is: process definitions (control-model section 2).
-- Rows of a version never change; definition_store() writes them, definition_document() reads
-- them.  Absent in the file is null here, so that the file can be rebuilt as it was.

create type workflow.act_type as enum (
    'initial', 'interaction', 'automation', 'and_branch', 'and_merge', 'or_merge', 'vote_merge', 'dummy', 'completion');
create type workflow.rule_applied as enum (
    'default', 'user_defined_pre_rule', 'user_defined_post_routing_rule', 'user_defined_both_rule');
create type workflow.based_on as enum ('dept_based', 'team_based', 'role_based', 'user_defined');
create type workflow.method as enum ('fcfa', 'priority', 'round_robin', 'least_working_list', 'all');
create type workflow.presence as enum ('prefer', 'ignore', 'require');

create table workflow.process (
    process_id   text collate "C" not null,
    version      int4             not null,
    deployed_at  timestamptz      not null,
    name         text,
    description  text,
    time_limit   jsonb,
    content_hash bytea            not null,
    constraint process_pkey primary key (process_id, version),
    constraint process_version_check check (version > 0)
);
comment on table  workflow.process is 'A version of a process; an instance stays on the version it began with.';
comment on column workflow.process.process_id is 'Id.';
comment on column workflow.process.version is 'Counted by the engine from 1.';
comment on column workflow.process.deployed_at is 'When the version was deployed.';
comment on column workflow.process.name is 'Name for people.';
comment on column workflow.process.description is 'What it is for.';
comment on column workflow.process.time_limit is 'Of an instance: within, then (STA-3).';
comment on column workflow.process.content_hash is 'SHA-256 of the definition as jsonb text: identical content is the existing version.';

create table workflow.activity (
    process_id         text collate "C" not null,
    version            int4             not null,
    act_order          int4             not null,
    act_id             text collate "C" not null,
    act_type           workflow.act_type not null,
    rule_applied       workflow.rule_applied,
    name               text,
    auto_executive     text,
    or_merge_flag      text,
    num_votes_needed   text,
    ex_pre_rule_func   text,
    ex_post_rule_func  text,
    inclusive          bool,
    terminate          bool,
    completion_flag    text,
    closes             text collate "C",
    check_every        text,
    time_limits        jsonb,
    sub_process        jsonb,
    constraint activity_pkey primary key (process_id, version, act_id),
    constraint activity_process_fkey foreign key (process_id, version) references workflow.process,
    constraint activity_votes_check check (num_votes_needed ~ '^[1-9][0-9]*%?$')
);
create unique index activity_initial_idx on workflow.activity (process_id, version) where act_type = 'initial';
comment on table  workflow.activity is 'A step of a process version.';
comment on column workflow.activity.process_id is 'The process.';
comment on column workflow.activity.version is 'Its version.';
comment on column workflow.activity.act_order is 'Place in the file, from 1.';
comment on column workflow.activity.act_id is 'Id within the version.';
comment on column workflow.activity.act_type is 'How it behaves.';
comment on column workflow.activity.rule_applied is 'Which checks a function replaces (FWD-4); null: none.';
comment on column workflow.activity.name is 'Name for people.';
comment on column workflow.activity.auto_executive is 'Program of an automation (STA-1).';
comment on column workflow.activity.or_merge_flag is 'Flag that an or_merge admits (DEP-4), or that is a vote (DEP-6).';
comment on column workflow.activity.num_votes_needed is 'A number, or a percentage such as 60% (DEP-6).';
comment on column workflow.activity.ex_pre_rule_func is 'Function that says whether a task may start (FWD-4).';
comment on column workflow.activity.ex_post_rule_func is 'Function that names the next activities (FWD-4).';
comment on column workflow.activity.inclusive is 'Takes every rule that holds (FWD-6).';
comment on column workflow.activity.terminate is 'A completion that ends the instance at once (FWD-5).';
comment on column workflow.activity.completion_flag is 'Of a completion: the instance''s flag (FWD-5).';
comment on column workflow.activity.closes is 'The opener that a merge names itself (BAT-3).';
comment on column workflow.activity.check_every is 'ISO 8601 duration: how often the pre rule is asked again (FWD-7).';
comment on column workflow.activity.time_limits is 'For being taken and ended, and retries (STA-2, STA-3).';
comment on column workflow.activity.sub_process is 'Process that does the work (ENG-2).';

create table workflow.routing_rule (
    process_id       text collate "C"   not null,
    version          int4               not null,
    rule_order       int4               not null,
    curr_act_id      text collate "C"   not null,
    pre_act_id       text collate "C",
    completion_flag  text,
    next_act_id_list text[] collate "C" not null,
    condition        text,
    is_default       bool,
    constraint routing_rule_pkey primary key (process_id, version, rule_order),
    constraint routing_rule_activity_fkey foreign key (process_id, version, curr_act_id) references workflow.activity,
    constraint routing_rule_next_check check (cardinality(next_act_id_list) > 0)
);
comment on table  workflow.routing_rule is 'Which activities follow when a task ends (FWD-1).';
comment on column workflow.routing_rule.process_id is 'The process.';
comment on column workflow.routing_rule.version is 'Its version.';
comment on column workflow.routing_rule.rule_order is 'Place in the file, from 1; among equals the first wins.';
comment on column workflow.routing_rule.curr_act_id is 'The activity that ended.';
comment on column workflow.routing_rule.pre_act_id is 'It was reached from; null: from any.';
comment on column workflow.routing_rule.completion_flag is 'It ended with; null: any.';
comment on column workflow.routing_rule.next_act_id_list is 'What starts, in order.';
comment on column workflow.routing_rule.condition is 'Over the instance''s variables (FWD-6).';
comment on column workflow.routing_rule.is_default is 'Taken when no other is (FWD-6).';

create table workflow.pre_rule (
    process_id       text collate "C" not null,
    version          int4             not null,
    rule_order       int4             not null,
    depnt_id         int4             not null,
    curr_act_id      text collate "C" not null,
    pre_act_id       text collate "C" not null,
    depnt_act_id     text collate "C" not null,
    depnt_act_status text,
    constraint pre_rule_pkey primary key (process_id, version, rule_order, depnt_id),
    constraint pre_rule_activity_fkey foreign key (process_id, version, curr_act_id) references workflow.activity
);
comment on table  workflow.pre_rule is 'What must have ended before a task may start (DEP-2); a row for each element of a rule''s set.';
comment on column workflow.pre_rule.process_id is 'The process.';
comment on column workflow.pre_rule.version is 'Its version.';
comment on column workflow.pre_rule.rule_order is 'Place of the rule in the file, from 1.';
comment on column workflow.pre_rule.depnt_id is 'Place of the element in the rule, from 1.';
comment on column workflow.pre_rule.curr_act_id is 'The activity that depends.';
comment on column workflow.pre_rule.pre_act_id is 'The activity it was reached from.';
comment on column workflow.pre_rule.depnt_act_id is 'What it depends on.';
comment on column workflow.pre_rule.depnt_act_status is 'The flag that must have ended with; null: any.';

create table workflow.assgn_rule (
    process_id text collate "C"   not null,
    version    int4               not null,
    rule_order int4               not null,
    act_id     text collate "C"   not null,
    based_on   workflow.based_on  not null,
    dept_id    text collate "C",
    team_id    text collate "C",
    role_id    text collate "C",
    ex_func    text,
    method     workflow.method    not null,
    presence   workflow.presence,
    not_by     text[] collate "C",
    same_as    text collate "C",
    constraint assgn_rule_pkey primary key (process_id, version, act_id),
    constraint assgn_rule_activity_fkey foreign key (process_id, version, act_id) references workflow.activity,
    constraint assgn_rule_group_check check (
        case based_on when 'dept_based' then dept_id when 'team_based' then team_id
                      when 'role_based' then role_id else ex_func end is not null
        and num_nonnulls(dept_id, team_id, role_id, ex_func) = 1)
);
comment on table  workflow.assgn_rule is 'Who may do an interaction (ASG-1).';
comment on column workflow.assgn_rule.process_id is 'The process.';
comment on column workflow.assgn_rule.version is 'Its version.';
comment on column workflow.assgn_rule.rule_order is 'Place in the file, from 1.';
comment on column workflow.assgn_rule.act_id is 'The interaction.';
comment on column workflow.assgn_rule.based_on is 'What gives the group.';
comment on column workflow.assgn_rule.dept_id is 'With dept_based: the department.';
comment on column workflow.assgn_rule.team_id is 'With team_based: the team.';
comment on column workflow.assgn_rule.role_id is 'With role_based: the role.';
comment on column workflow.assgn_rule.ex_func is 'With user_defined: the function that returns staff.';
comment on column workflow.assgn_rule.method is 'How the person is chosen (ASG-3 to ASG-6).';
comment on column workflow.assgn_rule.presence is 'What being logged on counts for (ASG-2); null: prefer.';
comment on column workflow.assgn_rule.not_by is 'Nobody who did these (ASG-10).';
comment on column workflow.assgn_rule.same_as is 'Who did this one (ASG-10).';
