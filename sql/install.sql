-- install.sql - installs or upgrades the schema; running it again changes nothing.
--
--   psql -X -v ON_ERROR_STOP=1 -d DATABASE -f sql/install.sql
--
-- `pawl db migrate` does the same from the files it carries.

\set ON_ERROR_STOP on
begin;
set local client_min_messages = warning; -- "already exists, skipping"
\ir schema.sql
set local client_min_messages = notice;

select not exists (select from workflow.schema_step where step = 1) as missing \gset
\if :missing
\ir steps/001-institution.sql
insert into workflow.schema_step (step, name) values (1, '001-institution');
\endif

select not exists (select from workflow.schema_step where step = 2) as missing \gset
\if :missing
\ir steps/002-information.sql
insert into workflow.schema_step (step, name) values (2, '002-information');
\endif

select not exists (select from workflow.schema_step where step = 3) as missing \gset
\if :missing
\ir steps/003-engine.sql
insert into workflow.schema_step (step, name) values (3, '003-engine');
\endif

select not exists (select from workflow.schema_step where step = 4) as missing \gset
\if :missing
\ir steps/004-assignment.sql
insert into workflow.schema_step (step, name) values (4, '004-assignment');
\endif

select not exists (select from workflow.schema_step where step = 5) as missing \gset
\if :missing
\ir steps/005-rules.sql
insert into workflow.schema_step (step, name) values (5, '005-rules');
\endif

select not exists (select from workflow.schema_step where step = 6) as missing \gset
\if :missing
\ir steps/006-automation.sql
insert into workflow.schema_step (step, name) values (6, '006-automation');
\endif

select not exists (select from workflow.schema_step where step = 7) as missing \gset
\if :missing
\ir steps/007-engines.sql
insert into workflow.schema_step (step, name) values (7, '007-engines');
\endif

select not exists (select from workflow.schema_step where step = 8) as missing \gset
\if :missing
\ir steps/008-handed-on.sql
insert into workflow.schema_step (step, name) values (8, '008-handed-on');
\endif

select not exists (select from workflow.schema_step where step = 9) as missing \gset
\if :missing
\ir steps/009-restore.sql
insert into workflow.schema_step (step, name) values (9, '009-restore');
\endif

select not exists (select from workflow.schema_step where step = 10) as missing \gset
\if :missing
\ir steps/010-interaction.sql
insert into workflow.schema_step (step, name) values (10, '010-interaction');
\endif

select not exists (select from workflow.schema_step where step = 11) as missing \gset
\if :missing
\ir steps/011-given-back.sql
insert into workflow.schema_step (step, name) values (11, '011-given-back');
\endif

select not exists (select from workflow.schema_step where step = 15) as missing \gset
\if :missing
\ir steps/015-suspect.sql
insert into workflow.schema_step (step, name) values (15, '015-suspect');
\endif

select not exists (select from workflow.schema_step where step = 20) as missing \gset
\if :missing
\ir steps/020-prune.sql
insert into workflow.schema_step (step, name) values (20, '020-prune');
\endif

select not exists (select from workflow.schema_step where step = 24) as missing \gset
\if :missing
\ir steps/024-subscribed.sql
insert into workflow.schema_step (step, name) values (24, '024-subscribed');
\endif

select not exists (select from workflow.schema_step where step = 25) as missing \gset
\if :missing
\ir steps/025-instance-room.sql
insert into workflow.schema_step (step, name) values (25, '025-instance-room');
\endif

select not exists (select from workflow.schema_step where step = 30) as missing \gset
\if :missing
\ir steps/030-pause.sql
insert into workflow.schema_step (step, name) values (30, '030-pause');
\endif

select not exists (select from workflow.schema_step where step = 40) as missing \gset
\if :missing
\ir steps/040-databases.sql
insert into workflow.schema_step (step, name) values (40, '040-databases');
\endif

select not exists (select from workflow.schema_step where step = 45) as missing \gset
\if :missing
\ir steps/045-submitted.sql
insert into workflow.schema_step (step, name) values (45, '045-submitted');
\endif

select not exists (select from workflow.schema_step where step = 46) as missing \gset
\if :missing
\ir steps/046-begun.sql
insert into workflow.schema_step (step, name) values (46, '046-begun');
\endif

\ir views/process_list.sql
\ir views/instance_list.sql
\ir views/task_list.sql
\ir views/history_list.sql
\ir views/handed_on_list.sql
\ir views/incident_list.sql
\ir views/process_status.sql
\ir views/activity_status.sql
\ir views/sub_process_list.sql
\ir views/submitted_list.sql

\ir functions/definition_store.sql
\ir functions/definition_document.sql
\ir functions/institution_store.sql
\ir functions/institution_document.sql
\ir functions/people_store.sql
\ir functions/roster_make.sql
\ir functions/partitions_set.sql
\ir functions/database_restored.sql
\ir functions/database_split.sql
\ir functions/history_partitions_make.sql
\ir functions/history_before.sql
\ir functions/history_prune.sql
\ir functions/instances_prune.sql
\ir functions/upkeep.sql
\ir functions/task_list_of.sql
\ir functions/instance_needs.sql
\ir functions/work_report.sql
\ir functions/rule_fault.sql
\ir functions/rules_ask.sql
\ir functions/command_key.sql
\ir functions/submit_command.sql

\ir roles.sql
\ir finish.sql
commit;
