-- submitted_look.sql - Whether commands submitted by SQL wait (EOS-25).
select exists (select from workflow.submitted_command c where c.command_no > 0);
