"""The admin console's pages for advertisers. `admin` registers them."""
