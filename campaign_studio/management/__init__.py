"""Commands about the whole: demo, doctor, keys, the embedded database."""
