"""The faults campaign: whatever dies, afterwards every state is stored once."""
