"""Redis, the quick and forgetful one. Whatever it holds can be made again, so nothing here ever raises for it."""
