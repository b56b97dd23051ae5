-- people_granted.sql - All authorizations of those who changed theirs since a version. $1 version.
select g.grantor_id, g.grantee_id, g.process_id, g.act_id, g.valid_from, g.valid_to
  from (select distinct c.object_id
          from workflow.institution_change c
         where c.institution_version > $1::int8
           and c.kind = 'authorization') as c
  join workflow.authorization_grant g
    on g.grantor_id = any (array[c.object_id]);
