"""The database: tables, transactions, events."""
