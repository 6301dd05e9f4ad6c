"""What a session says: facts of a study and the words for them, tables, plots, and the files it exports.

Commands, the conversation and the page enter; nothing here changes a study.
"""
