"""The pure part of HalfTUI: states, rules and names, without I/O, SQL or a clock."""
