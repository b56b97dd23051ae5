-- rules_in_use.sql - Whether any version of any process has constraints between tasks, and groups of functions.
select exists (select from workflow.assgn_rule r where r.not_by is not null),
       exists (select from workflow.assgn_rule r where r.based_on = 'user_defined');
