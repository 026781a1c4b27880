"""What a client may rely on, asked of a real Home Assistant and of the simulated one.

Real Home Assistant is the referee: where the two differ, the simulated one is wrong.
"""
