-- rules_limit.sql - how long each further statement of the transaction may take, in milliseconds; 0: without limit.
-- $1 the limit.
select set_config('statement_timeout', $1, true);
