"""The command line: a front door that parses, asks the service, and prints."""
