"""The console's pages on ads. `admin` registers them."""
