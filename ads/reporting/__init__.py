"""The views that vehicles report: how they are counted, stored by month, and summed up for a campaign."""
