"""The console's pages on advertisers. `admin` registers them."""
