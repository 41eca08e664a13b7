"""Which program thinks: how it is started, spoken to, and what it reports."""
