"""The console's pages for users, sessions and logs. Importing `admin` registers them."""
