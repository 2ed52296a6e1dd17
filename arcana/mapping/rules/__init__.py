"""The design rules, one file for each kind. They read the settings file and share nothing with the mapper."""
