"""How the console writes days and times."""
