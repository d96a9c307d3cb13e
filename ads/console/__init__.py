"""The console's ad pages. Importing `admin` registers them."""
