"""The console's pages on people, sessions and logs. `admin` registers them."""
