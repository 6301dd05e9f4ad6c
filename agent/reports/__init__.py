"""What a study came to, for people: reports, insights, the live view, what the machine has.

Every door enters; nothing here changes a study.
"""
