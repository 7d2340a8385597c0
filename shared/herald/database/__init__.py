"""PostgreSQL: the pool, named queries in `.sql` files, and migrations."""
