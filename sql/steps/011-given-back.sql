-- 011-given-back.sql - a job that its executor gives back has not failed.

alter table workflow.to_do_task_list add column given_back int4;
comment on column workflow.to_do_task_list.given_back is
    'Of the attempts, those that were given back: they use up no retries (STA-2); null: none.';
