-- roster_make.sql - Makes the loads of people ($1) and the tokens of roles ($2) that have none yet.
select workflow.roster_make($1::text[], $2::text[]);
