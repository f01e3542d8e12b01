-- Login roles for a database that is only tried out (docker-compose.yml): each
-- has one of the roles of roles.sql. Elsewhere make your own, with passwords.
CREATE ROLE aslogd_migrate LOGIN PASSWORD 'migrate' IN ROLE aslogd_owner;
CREATE ROLE aslogd_daemon  LOGIN PASSWORD 'daemon'  IN ROLE aslogd_writer;
CREATE ROLE aslogd_analyst LOGIN PASSWORD 'analyst' IN ROLE aslogd_reader;
