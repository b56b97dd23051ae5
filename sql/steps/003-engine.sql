-- 003-engine.sql - instances, tasks, history, and what the exactly-once protocol stores.
-- Tables that grow are led by instance_id and have no foreign keys (architecture decisions 8
-- and 9).  Columns go from wide to narrow alignment, texts last; 0 and "none" of the core are null
-- where they are the rule, for a null takes no room.

create type workflow.instance_state as enum ('running', 'stalled', 'suspended', 'cancelled', 'completed');
create type workflow.task_state as enum ('pending', 'waiting', 'processing', 'pausing');
create type workflow.how as enum ('ended', 'withdrawn', 'absorbed');

create table workflow.instance (
    instance_id        uuid             not null,
    date_created       timestamptz      not null,
    date_changed       timestamptz      not null,
    date_completed     timestamptz,
    version            int4             not null,
    partition          int4             not null,
    next_n             int4             not null,
    next_serial        int4             not null,
    ends               int4             not null,
    position           int4             not null,
    task_sequence      int4             not null,
    hops               int4,
    state              workflow.instance_state not null,
    reached_completion bool,
    process_id         text collate "C" not null,
    entity_id          text collate "C",
    completion_flag    text,
    reached_flag       text,
    last_flag          text,
    actor              text,
    notifyto           text,
    correlation_id     text,
    requester          jsonb,
    variables          jsonb,
    constraint instance_pkey primary key (instance_id)
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 1,
        autovacuum_analyze_scale_factor = 0.05);
create index instance_entity_idx on workflow.instance (entity_id) where entity_id is not null;
comment on table  workflow.instance is 'A run of a process.';
comment on column workflow.instance.instance_id is 'UUID version 7, or the client''s.';
comment on column workflow.instance.date_created is 'When it was started.';
comment on column workflow.instance.date_changed is 'When it last changed; time does not go backwards within an instance.';
comment on column workflow.instance.date_completed is 'When it completed or was cancelled.';
comment on column workflow.instance.version is 'Version of the process, for good.';
comment on column workflow.instance.partition is 'Whose owner alone changes it (EOS-6).';
comment on column workflow.instance.next_n is 'Number of the next task.';
comment on column workflow.instance.next_serial is 'Number of the next batch.';
comment on column workflow.instance.ends is 'Tasks ended so far.';
comment on column workflow.instance.position is 'Number of its last event (LOG-1).';
comment on column workflow.instance.task_sequence is 'Number of its last task event.';
comment on column workflow.instance.hops is 'How many engines asked one another for it.';
comment on column workflow.instance.state is 'TSK-5.';
comment on column workflow.instance.reached_completion is 'Whether a completion was reached (FWD-5).';
comment on column workflow.instance.process_id is 'The process.';
comment on column workflow.instance.entity_id is 'What it is about, the application''s (INF-1).';
comment on column workflow.instance.completion_flag is 'It completed with.';
comment on column workflow.instance.reached_flag is 'That the completion reached last names (FWD-5).';
comment on column workflow.instance.last_flag is 'Of the last task that ended with one (FWD-5).';
comment on column workflow.instance.actor is 'Who started it.';
comment on column workflow.instance.notifyto is 'Topic for notifications (ENG-1).';
comment on column workflow.instance.correlation_id is 'The requester''s.';
comment on column workflow.instance.requester is 'Engine, instance and task that asked for it (ENG-1).';
comment on column workflow.instance.variables is 'For the conditions of routing rules (FWD-6).';

create table workflow.to_do_task_list (
    instance_id     uuid             not null,
    date_created    timestamptz      not null,
    date_changed    timestamptz      not null,
    date_waiting    timestamptz,
    date_processing timestamptz,
    due_at          timestamptz,
    waiting_time    int8,
    paused_time     int8,
    n               int4             not null,
    serial_no       int4             not null,
    branch_no       int4             not null,
    attempt         int4,
    state           workflow.task_state not null,
    group_based_on  workflow.based_on,
    act_id          text collate "C" not null,
    pre_act_id      text collate "C",
    staff_id        text collate "C",
    grantor_id      text collate "C",
    executor_id     text collate "C",
    group_id        text collate "C",
    completion_flag text,
    arrivals        jsonb,
    constraint to_do_task_list_pkey primary key (instance_id, n)
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0,
        autovacuum_analyze_scale_factor = 0.1);
create index to_do_task_list_group_idx on workflow.to_do_task_list (group_based_on, group_id, date_created, instance_id, n)
    where state = 'waiting' and staff_id is null and group_id is not null;
create index to_do_task_list_staff_idx on workflow.to_do_task_list (staff_id, date_created, instance_id, n)
    where staff_id is not null;
comment on table  workflow.to_do_task_list is 'Open tasks.';
comment on column workflow.to_do_task_list.instance_id is 'The instance; task_id is <instance_id>:<n>.';
comment on column workflow.to_do_task_list.n is 'Number within the instance, from 1.';
comment on column workflow.to_do_task_list.date_created is 'When it was created.';
comment on column workflow.to_do_task_list.date_changed is 'When its state last changed.';
comment on column workflow.to_do_task_list.date_waiting is 'When it last became waiting.';
comment on column workflow.to_do_task_list.date_processing is 'When it was taken.';
comment on column workflow.to_do_task_list.due_at is 'When its time limit passes.';
comment on column workflow.to_do_task_list.waiting_time is 'Microseconds spent waiting before this state; null: none.';
comment on column workflow.to_do_task_list.paused_time is 'Microseconds spent pausing before this state; null: none.';
comment on column workflow.to_do_task_list.serial_no is 'Batch (INF-2).';
comment on column workflow.to_do_task_list.branch_no is 'Branch in the batch.';
comment on column workflow.to_do_task_list.attempt is 'Of an automation (STA-2).';
comment on column workflow.to_do_task_list.state is 'Section 3.';
comment on column workflow.to_do_task_list.group_based_on is 'Kind of the group that it belongs to (ASG-5).';
comment on column workflow.to_do_task_list.act_id is 'The activity.';
comment on column workflow.to_do_task_list.pre_act_id is 'The activity that it was reached from.';
comment on column workflow.to_do_task_list.staff_id is 'Who it is assigned to or held by; null: the group''s.';
comment on column workflow.to_do_task_list.grantor_id is 'In whose name it is held (ASG-7).';
comment on column workflow.to_do_task_list.executor_id is 'Program that took it (STA-1).';
comment on column workflow.to_do_task_list.group_id is 'The group that it belongs to.';
comment on column workflow.to_do_task_list.completion_flag is 'Of a dummy: of its arrival.';
comment on column workflow.to_do_task_list.arrivals is 'What a pending task has gathered, in order: pre_act_id, serial_no, branch_no, flag.';

create table workflow.have_done_tasks (
    instance_id     uuid             not null,
    date_created    timestamptz      not null,
    date_ended      timestamptz      not null,
    date_waiting    timestamptz,
    date_processing timestamptz,
    due_at          timestamptz,
    waiting_time    int8,
    paused_time     int8,
    n               int4             not null,
    serial_no       int4             not null,
    branch_no       int4             not null,
    attempt         int4,
    how             workflow.how     not null,
    act_id          text collate "C" not null,
    pre_act_id      text collate "C",
    staff_id        text collate "C",
    grantor_id      text collate "C",
    executor_id     text collate "C",
    completion_flag text,
    constraint have_done_tasks_pkey primary key (instance_id, n, date_ended)
) partition by range (date_ended);
create table workflow.have_done_tasks_default partition of workflow.have_done_tasks default;
comment on table  workflow.have_done_tasks is
    'Tasks that are over; written, never read by the engine; partitions are dropped, not rows.';
comment on table  workflow.have_done_tasks_default is 'For months whose partition was not made in time.';
comment on column workflow.have_done_tasks.instance_id is 'The instance; task_id is <instance_id>:<n>.';
comment on column workflow.have_done_tasks.n is 'Number within the instance, from 1.';
comment on column workflow.have_done_tasks.date_created is 'When it was created.';
comment on column workflow.have_done_tasks.date_ended is 'When it was over.';
comment on column workflow.have_done_tasks.date_waiting is 'When it last became waiting.';
comment on column workflow.have_done_tasks.date_processing is 'When it was taken.';
comment on column workflow.have_done_tasks.due_at is 'When its time limit was to pass.';
comment on column workflow.have_done_tasks.waiting_time is 'Microseconds spent waiting; null: none.';
comment on column workflow.have_done_tasks.paused_time is 'Microseconds spent pausing; null: none.';
comment on column workflow.have_done_tasks.serial_no is 'Batch (INF-2).';
comment on column workflow.have_done_tasks.branch_no is 'Branch in the batch.';
comment on column workflow.have_done_tasks.attempt is 'Of an automation (STA-2).';
comment on column workflow.have_done_tasks.how is 'It ended; reports count ended alone.';
comment on column workflow.have_done_tasks.act_id is 'The activity.';
comment on column workflow.have_done_tasks.pre_act_id is 'The activity that it was reached from.';
comment on column workflow.have_done_tasks.staff_id is 'Who did it.';
comment on column workflow.have_done_tasks.grantor_id is 'In whose name (ASG-7).';
comment on column workflow.have_done_tasks.executor_id is 'Program that did it (STA-1).';
comment on column workflow.have_done_tasks.completion_flag is 'It ended with.';

create table workflow.batch (
    instance_id      uuid             not null,
    serial_no        int4             not null,
    parent_serial_no int4             not null,
    parent_branch_no int4             not null,
    branches         int4             not null,
    opened_by        int4             not null,
    closed_by        int4,
    by_all           bool             not null,
    opener           text collate "C",
    constraint batch_pkey primary key (instance_id, serial_no)
) with (fillfactor = 90);
comment on table  workflow.batch is 'Tasks started together (section 5); batch 1 has no row.';
comment on column workflow.batch.instance_id is 'The instance.';
comment on column workflow.batch.serial_no is 'Number within the instance, from 2.';
comment on column workflow.batch.parent_serial_no is 'The batch it came from.';
comment on column workflow.batch.parent_branch_no is 'The branch there.';
comment on column workflow.batch.branches is 'How many branches it has.';
comment on column workflow.batch.opened_by is 'Number of the task that opened it.';
comment on column workflow.batch.closed_by is 'Number of the task that closed it; null: open.';
comment on column workflow.batch.by_all is 'Opened by method all, not by a forward step.';
comment on column workflow.batch.opener is 'Activity of the task that opened it.';

create table workflow.batch_winner (
    instance_id uuid             not null,
    serial_no   int4             not null,
    branch_no   int4             not null,
    act_id      text collate "C" not null,
    constraint batch_winner_pkey primary key (instance_id, serial_no, act_id)
);
comment on table  workflow.batch_winner is 'The branch that won at an or_merge (DEP-5), while the instance runs.';
comment on column workflow.batch_winner.instance_id is 'The instance.';
comment on column workflow.batch_winner.serial_no is 'The batch.';
comment on column workflow.batch_winner.branch_no is 'The branch that won.';
comment on column workflow.batch_winner.act_id is 'The or_merge.';

create table workflow.task_summary (
    instance_id     uuid             not null,
    serial_no       int4             not null,
    ended           int4             not null,
    last            int4             not null,
    act_id          text collate "C" not null,
    completion_flag text,
    staff_id        text collate "C",
    constraint task_summary_pkey primary key (instance_id, serial_no, act_id)
) with (fillfactor = 90);
comment on table  workflow.task_summary is
    'How tasks of an activity ended, where a rule depends on it (DEP-2, DEP-3, ASG-10), while the instance runs.';
comment on column workflow.task_summary.instance_id is 'The instance.';
comment on column workflow.task_summary.serial_no is 'The batch.';
comment on column workflow.task_summary.ended is 'How many ended.';
comment on column workflow.task_summary.last is 'Which end of the instance the last one was.';
comment on column workflow.task_summary.act_id is 'The activity.';
comment on column workflow.task_summary.completion_flag is 'Of the last one.';
comment on column workflow.task_summary.staff_id is 'Executor of the last one.';

create table workflow.command_id (
    scope        uuid not null,
    id_hash      uuid not null,
    data_hash    int8 not null,
    position     int4 not null,
    task_n       int4,
    instance_id  uuid,
    date_created timestamptz,
    constraint command_id_pkey primary key (scope, id_hash)
);
comment on table  workflow.command_id is 'Commands that took effect, under the ids their clients chose (messages.md, deduplication).';
comment on column workflow.command_id.scope is 'The instance, or a hash of the topic''s key.';
comment on column workflow.command_id.id_hash is 'Of source and id.';
comment on column workflow.command_id.data_hash is 'Of the data: the same id with other data is refused.';
comment on column workflow.command_id.position is 'The last event of the command.';
comment on column workflow.command_id.task_n is 'The task that it concerned; null: none.';
comment on column workflow.command_id.instance_id is 'The instance that it concerned; null: the scope; all zero: none.';
comment on column workflow.command_id.date_created is
    'When it took effect; null: remembered as long as the instance, which is the scope.';

create table workflow.reservation (
    instance_id uuid not null,
    command_id  uuid not null,
    n           int4 not null,
    constraint reservation_pkey primary key (instance_id, n)
);
comment on table  workflow.reservation is 'Waiting tasks chosen for a get-task that is on its way to their owner (EOS-6).';
comment on column workflow.reservation.instance_id is 'The instance of the task.';
comment on column workflow.reservation.n is 'The task.';
comment on column workflow.reservation.command_id is 'Hash of the command''s id.';

create table workflow.partition (
    partition        int4        not null,
    tries            int4        not null default 0,
    epoch            int8        not null default 0,
    outbox_number    int8        not null default 0,
    published_number int8        not null default 0,
    backend_start    timestamptz,
    backend_pid      int4,
    slot             int4,
    positions        int8[]      not null default '{-1,-1,-1,-1,-1}',
    position_times   int8[]      not null default '{0,0,0,0,0}',
    constraint partition_pkey primary key (partition),
    constraint partition_positions_check check (cardinality(positions) = 5 and cardinality(position_times) = 5)
) with (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_cost_delay = 0);
comment on table  workflow.partition is 'One row for each partition number of the command topics (EOS-1).';
comment on column workflow.partition.partition is 'The number.';
comment on column workflow.partition.tries is 'Claims since the last committed batch (EOS-23).';
comment on column workflow.partition.epoch is 'Counts the claims; a batch commits only under its own (EOS-4).';
comment on column workflow.partition.outbox_number is 'Of the last batch.';
comment on column workflow.partition.published_number is 'Known to be published; outbox rows up to it may go (EOS-15).';
comment on column workflow.partition.backend_start is 'When the owner''s connection began.';
comment on column workflow.partition.backend_pid is 'Backend of the owner''s connection.';
comment on column workflow.partition.slot is 'The owner''s slot (EOS-13).';
comment on column workflow.partition.positions is
    'Next offset in the command topics end-task, control, get-task, init-instance, admin; -1: never consumed.';
comment on column workflow.partition.position_times is
    'Timestamp of the record before each position, microseconds since 1970; 0: none (EOS-19).';

create table workflow.outbox (
    number    int8  not null,
    partition int4  not null,
    events    bytea not null,
    constraint outbox_pkey primary key (partition, number)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0,
        toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 5000,
        toast.autovacuum_vacuum_cost_delay = 0);
alter table workflow.outbox alter column events set compression lz4;
comment on table  workflow.outbox is 'Events that are committed and perhaps not yet published: a row for each batch and partition (EOS-1).';
comment on column workflow.outbox.partition is 'The partition.';
comment on column workflow.outbox.number is 'Of the batch, from the partition''s row.';
comment on column workflow.outbox.events is 'The messages, in the framing of worker/base/message.h.';

create table workflow.catalog (
    one                 bool not null default true,
    database_id         uuid not null default gen_random_uuid(),
    incarnation         uuid not null default gen_random_uuid(),
    institution_version int8 not null default 0,
    definition_version  int8 not null default 0,
    partitions          int4 not null default 0,
    constraint catalog_pkey primary key (one),
    constraint catalog_one_check check (one)
);
insert into workflow.catalog default values;
comment on table  workflow.catalog is 'The one row about the database as a whole.';
comment on column workflow.catalog.one is 'Always true: there is one row.';
comment on column workflow.catalog.database_id is 'Made at install; part of every transactional.id (EOS-13).';
comment on column workflow.catalog.incarnation is 'Another one after a restore (EOS-21).';
comment on column workflow.catalog.institution_version is 'Counts the changes of the institution; 0: none was loaded.';
comment on column workflow.catalog.definition_version is 'Counts the deployments of all processes.';
comment on column workflow.catalog.partitions is 'Partitions of each command topic; 0: not set.';

create table workflow.submitted_command (
    command_no   int8        not null generated always as identity,
    date_created timestamptz not null default now(),
    command      text        not null,
    key          text,
    id           text,
    data         jsonb       not null,
    headers      jsonb,
    constraint submitted_command_pkey primary key (command_no),
    constraint submitted_command_command_check check (
        command in ('init-instance', 'get-task', 'end-task', 'control', 'admin'))
);
comment on table  workflow.submitted_command is 'Commands submitted by SQL, until a worker takes them (EOS-25).';
comment on column workflow.submitted_command.command_no is 'Order of submission.';
comment on column workflow.submitted_command.date_created is 'When.';
comment on column workflow.submitted_command.command is 'Command topic, by what follows "<prefix>.command.".';
comment on column workflow.submitted_command.key is 'Key of the message.';
comment on column workflow.submitted_command.id is 'Id for deduplication.';
comment on column workflow.submitted_command.data is 'The command (messages.md).';
comment on column workflow.submitted_command.headers is 'Further attributes of the envelope.';

create table workflow.incident (
    instance_id   uuid        not null,
    incident_id   uuid        not null,
    date_created  timestamptz not null,
    date_resolved timestamptz,
    n             int4,
    attempt       int4,
    code          text        not null,
    detail        text,
    constraint incident_pkey primary key (instance_id, incident_id)
);
comment on table  workflow.incident is 'What an operator must look at (STA-2).';
comment on column workflow.incident.instance_id is 'The instance.';
comment on column workflow.incident.incident_id is 'Id.';
comment on column workflow.incident.date_created is 'When it was raised.';
comment on column workflow.incident.date_resolved is 'When it was resolved; null: open.';
comment on column workflow.incident.n is 'The task; null: the instance as a whole.';
comment on column workflow.incident.attempt is 'Of the job.';
comment on column workflow.incident.code is 'What kind.';
comment on column workflow.incident.detail is 'For a person.';

create table workflow.timer (
    instance_id uuid        not null,
    due_at      timestamptz not null,
    partition   int4        not null,
    n           int4        not null,
    kind        text        not null,
    constraint timer_pkey primary key (instance_id, n, kind),
    constraint timer_kind_check check (kind in ('take', 'end', 'check', 'instance', 'retry'))
);
create index timer_due_idx on workflow.timer (partition, due_at);
comment on table  workflow.timer is 'What falls due (STA-3); written only by the owner of the partition.';
comment on column workflow.timer.instance_id is 'The instance.';
comment on column workflow.timer.due_at is 'When.';
comment on column workflow.timer.partition is 'The instance''s partition.';
comment on column workflow.timer.n is 'The task; 0: the instance.';
comment on column workflow.timer.kind is 'Which limit.';
