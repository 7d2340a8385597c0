"""The router's database: named queries in `.sql` files, a function for each, values in and out."""
