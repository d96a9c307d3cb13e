"""What vehicles report: counting views, keeping them by month, and telling what a campaign got."""
