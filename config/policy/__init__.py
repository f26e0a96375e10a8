"""The policy table: who is let in at which address, by role and by place."""
