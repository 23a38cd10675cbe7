"""What is written must be true: the pages, the settings' page, the containers."""
