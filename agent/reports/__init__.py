"""What a study came to, for people: reports, tables of trials, insights and the live view."""
