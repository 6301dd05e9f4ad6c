"""What may be set: parameters, conditions, constraints, and the space in other forms; enter by `space`."""
