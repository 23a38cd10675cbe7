"""The quick and forgetful one, on a real Valkey that is killed, frozen and filled."""
