-- incarnation_find.sql - Whether events were published under an incarnation that a person has accepted since (EOS-21).
-- $1 the incarnation as text.
select exists (select from workflow.catalog where $1::text = any (earlier_incarnations::text[]));
