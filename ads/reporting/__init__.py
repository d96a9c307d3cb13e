"""The views that vehicles report: how they are counted, stored by month, and added up for a campaign."""
