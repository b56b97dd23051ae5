-- What deploy/dev puts into a new cluster.  Run at each start, by the superuser "postgres"; changes nothing the second time.
-- The role is what an administrator would give the engine's owner, so that nothing here works which would not elsewhere.

select 'create role pawl login createdb createrole in role pg_monitor, pg_signal_backend, pg_checkpoint'
 where not exists (select from pg_roles where rolname = 'pawl') \gexec

select 'create database pawl owner pawl'
 where not exists (select from pg_database where datname = 'pawl') \gexec

\connect pawl
set client_min_messages = warning;
create extension if not exists pg_stat_statements;
