"""The console's pages on campaigns. `admin` registers them."""
