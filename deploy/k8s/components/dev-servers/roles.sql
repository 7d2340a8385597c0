-- The roles that may log in; `herald migrate --roles` says what each may do.
\set owner `cat /etc/herald/passwords/database-owner`
\set router `cat /etc/herald/passwords/database-router`
\set channel `cat /etc/herald/passwords/database-channel`
\set operator `cat /etc/herald/passwords/database-operator`
\set reader `cat /etc/herald/passwords/database-reader`
CREATE ROLE herald_owner LOGIN PASSWORD :'owner';
CREATE ROLE herald_router LOGIN PASSWORD :'router';
CREATE ROLE herald_channel LOGIN PASSWORD :'channel';
CREATE ROLE herald_operator LOGIN PASSWORD :'operator';
CREATE ROLE herald_reader LOGIN PASSWORD :'reader';
ALTER DATABASE herald OWNER TO herald_owner;
