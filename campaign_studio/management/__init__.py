"""Commands for the project as a whole: demo, doctor, encryption keys and the embedded database."""
