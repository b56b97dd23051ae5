-- submitted_list.sql - commands submitted by SQL that no worker has taken yet, in the order in which they will be.
--
-- Read by monitoring: there is always something under load, and nothing that is older than seconds.
create or replace view workflow.submitted_list as
select c.command_no,
       c.date_created,
       c.command,
       c.id,
       c.key,
       c.size
  from workflow.submitted_command c
 order by c.command_no;
comment on view   workflow.submitted_list is 'Commands submitted by SQL that no worker has taken yet.';
comment on column workflow.submitted_list.command_no is 'Order of submission.';
comment on column workflow.submitted_list.date_created is 'When the transaction began that submitted it.';
comment on column workflow.submitted_list.command is 'Which command.';
comment on column workflow.submitted_list.id is 'Its id.';
comment on column workflow.submitted_list.key is 'Key of its message; null: none.';
comment on column workflow.submitted_list.size is 'Its bytes.';
