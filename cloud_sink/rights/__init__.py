"""Who may do what: roles and rights, passwords, keys, sessions, companies' own sign-in, rate limits."""
