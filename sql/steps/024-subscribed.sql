-- 024-subscribed.sql - what a unit of work need not look for.
-- Most instances tell nobody, so a unit looks for subscriptions only of those that say that they have some.  Batch 1 is the
-- same for all and has no row any more; the rows that there are do no harm.

alter table workflow.instance add column subscribed bool;
comment on column workflow.instance.subscribed is 'Whether it has subscriptions; null: none.';

update workflow.instance i
   set subscribed = true
 where exists (select from workflow.subscription s where s.instance_id = i.instance_id);
