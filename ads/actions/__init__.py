"""What changes a campaign together with its ads: each verb owns its locks and its transaction."""
