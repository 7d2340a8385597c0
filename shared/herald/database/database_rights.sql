-- Who may use Herald's database and its schema `public`: nobody but Herald's roles. Applied by whoever
-- owns the database. `herald_` stands for the roles' prefix.
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT, CREATE ON DATABASE %I TO "herald_owner"', current_database());
    EXECUTE format(
        'GRANT CONNECT ON DATABASE %I '
        'TO "herald_router", "herald_channel", "herald_reader", "herald_operator"',
        current_database()
    );
END;
$$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO "herald_owner";
GRANT USAGE ON SCHEMA public TO "herald_router", "herald_channel", "herald_reader", "herald_operator";
