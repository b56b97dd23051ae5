-- 007-engines.sql - instances that work for tasks, here or in other engines, and who is told of changes (section 9).

create table workflow.sub_process (
    instance_id        uuid             not null,
    remote_instance_id uuid             not null,
    date_created       timestamptz      not null,
    date_changed       timestamptz      not null,
    n                  int4             not null,
    attempt            int4             not null,
    position           int4             not null,
    version            int4,
    state              workflow.instance_state,
    held               bool             not null,
    closed             bool             not null,
    engine             text collate "C" not null,
    process_id         text collate "C" not null,
    completion_flag    text,
    code               text,
    detail             text,
    constraint sub_process_pkey primary key (instance_id, n, attempt)
) with (fillfactor = 80);
comment on table  workflow.sub_process is 'Instances that work for tasks, as last heard of (ENG-2).';
comment on column workflow.sub_process.instance_id is 'The home instance; the task is <instance_id>:<n>.';
comment on column workflow.sub_process.remote_instance_id is 'The instance that works for it.';
comment on column workflow.sub_process.date_created is 'When its start was sent.';
comment on column workflow.sub_process.date_changed is 'When it was last heard of.';
comment on column workflow.sub_process.n is 'Number of the task.';
comment on column workflow.sub_process.attempt is 'Which of the task''s attempts it is.';
comment on column workflow.sub_process.position is 'Of the last event there that was heard of; 0: none.';
comment on column workflow.sub_process.version is 'Of the process; null: the newest there.';
comment on column workflow.sub_process.state is 'Its state as last heard; null: nothing was.';
comment on column workflow.sub_process.held is 'To be suspended with its home instance (TSK-6).';
comment on column workflow.sub_process.closed is 'It is over and nothing waits for it: not loaded any more.';
comment on column workflow.sub_process.engine is 'The engine, by its topic prefix.';
comment on column workflow.sub_process.process_id is 'The process there.';
comment on column workflow.sub_process.completion_flag is 'It completed with.';
comment on column workflow.sub_process.code is 'Why it was not started; null: it was, or nothing was heard.';
comment on column workflow.sub_process.detail is 'The same in words.';

create table workflow.subscription (
    instance_id uuid             not null,
    notifyto    text collate "C" not null,
    filter      jsonb,
    requester   jsonb,
    constraint subscription_pkey primary key (instance_id, notifyto)
);
comment on table  workflow.subscription is 'Topics that are told of an instance''s events (ENG-1).';
comment on column workflow.subscription.instance_id is 'The instance.';
comment on column workflow.subscription.notifyto is 'The topic.';
comment on column workflow.subscription.filter is 'Which events; null: all.';
comment on column workflow.subscription.requester is 'Who subscribed: repeated in each notification.';
