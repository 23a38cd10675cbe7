"""The truth: migrations, and one file per table family with its SQL in sight."""
